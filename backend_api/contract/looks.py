"""A look that somebody asks a camera for now: the picture, who is seen in it, and what its machines are just then."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from backend_api.contract.cameras import MAX_MACHINES, MAX_STILL_BYTES
from backend_api.contract.values import Confidence, Coordinate, Count, Name, Seconds, Timestamp, Value, Who

LOOK_HEADER = "Look-Wanted"
"""The number of the look that a camera is asked for, beside the answer to its edge's question for zones."""
LOOK_TIMEOUT_S = 10.0
"""An edge that has not answered by then is told of as one that did not."""
LOOK_EVERY_S = 5.0
"""A camera is asked once in so many seconds at most, by however many people."""
MAX_LOOK_AGE_S = 3600.0
MAX_PEOPLE = 100
MAX_ZONES_OF_A_PERSON = 20
MAX_LOOK_BYTES = MAX_STILL_BYTES * 4 // 3 + 512 * 1024
"""The picture as base64, a hundred people, and a few hundred machines."""
_MAX_PROBLEM_CHARACTERS = 300


class LookRequest(Value):
    """A person's wish to see what a camera sees now."""

    who: Who = "anonymous"
    max_age_s: Seconds = Field(
        default=LOOK_EVERY_S, ge=LOOK_EVERY_S, le=MAX_LOOK_AGE_S, description="A look that is no older will do."
    )


class SeenPerson(Value):
    """Somebody whom detection found: the box in parts of the picture, 0..1, and its score."""

    left: Coordinate
    top: Coordinate
    right: Coordinate
    bottom: Coordinate
    score: Confidence
    track_id: Count | None = Field(
        description="The number under which the person is followed; null for a box that is too doubtful to be somebody."
    )
    zones: tuple[Name, ...] = Field(
        max_length=MAX_ZONES_OF_A_PERSON, description="The machines in whose zone they are."
    )


class SeenState(StrEnum):
    """The state of a machine as its edge's rules have it."""

    FREE = "free"
    IN_USE = "in_use"
    TO_BE_CLEANED = "to_be_cleaned"


class SeenMachine(Value):
    """A machine at the moment of a look; the times are those by which `enter_s` and `exit_s` can be judged."""

    machine_id: Name
    state: SeenState
    for_s: Seconds | None = Field(description="Since when, in seconds; null for a free one.")
    there_s: Seconds | None = Field(description="How long somebody has been there who is not counted as a use yet.")
    gone_s: Seconds | None = Field(description="How long nobody has been there, of a machine that is still in use.")
    is_attempted: bool = Field(description="Whether an attempt at cleaning was seen since its use ended.")


class LookAnswer(Value):
    """The answer of an edge, with the picture of `seen_at`, masked as `privacy` says; without a picture, the reason."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    number: Count
    seen_at: Timestamp | None = None
    picture: Annotated[bytes, Field(max_length=MAX_STILL_BYTES)] | None = Field(
        default=None, repr=False, description="JPEG, as base64 (RFC 4648; either alphabet)."
    )
    people: tuple[SeenPerson, ...] = Field(default=(), max_length=MAX_PEOPLE)
    machines: tuple[SeenMachine, ...] = Field(default=(), max_length=MAX_MACHINES)
    problem: str | None = Field(default=None, max_length=_MAX_PROBLEM_CHARACTERS)


class LookStatus(StrEnum):
    """The state of a look: its edge has yet to answer, answered, or did not within LOOK_TIMEOUT_S."""

    WANTED = "wanted"
    ANSWERED = "answered"
    OVERDUE = "overdue"


class Look(Value):
    """A camera's last look; its picture is the camera's still for as long as `still_at` is that of its setup."""

    store_id: Name
    camera_id: Name
    number: Count
    asked_at: Timestamp
    who: str = Field(description="The person who asked first.")
    status: LookStatus
    answered_at: Timestamp | None
    still_at: Timestamp | None = Field(description="When its picture came; null without one.")
    seen_at: Timestamp | None
    people: tuple[SeenPerson, ...]
    machines: tuple[SeenMachine, ...]
    problem: str | None = Field(description="Why there is no picture.")
