"""How an edge finds out whether the backend reads the very folder that the edge's clips lie in."""

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
