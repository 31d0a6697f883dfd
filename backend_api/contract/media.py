"""The media folder: the names of its files, and how an edge finds out whether the backend reads the same one."""

from uuid import UUID

from pydantic import BaseModel, Field

# The backend writes an id of its own into its media folder whenever it starts, and tells it to whoever asks: an edge
# that reads the same one shares the folder. No comparison of paths can tell that of mounted or copied folders.
FOLDER_ID_NAME = "folder-id"


class Ready(BaseModel):
    """Everything that is needed to store an event works."""

    status: str
    media_folder_id: UUID | None = Field(
        default=None, description=f"The id that the file {FOLDER_ID_NAME} in the backend's media folder holds now."
    )
    held_back: str | None = Field(
        default=None,
        description="The clips or events that are too old or too much and wait until a person allows their removal; "
        "null when none do.",
    )


def clip_name(event_id: UUID) -> str:
    """The file name of an event's clip in the media folder."""
    return f"{event_id}.mp4"


def thumbnail_name(event_id: UUID) -> str:
    """The file name of an event's thumbnail in the media folder."""
    return f"{event_id}.jpg"


def frame_name(event_id: UUID, number: int) -> str:
    """The file name, in the media folder, of a frame that the model was shown; `number` is 1..MAX_SHOWN_FRAMES."""
    return f"{event_id}.frame_{number}.jpg"
