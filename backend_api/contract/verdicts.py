"""The model's verdicts on events, and people's reviews of these."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from backend_api.contract.values import NO_NUL, Confidence, Seconds, Sha256, Timestamp, Value, Who

MAX_SHOWN_FRAMES = 9


class MmStatus(StrEnum):
    """The state of an enrichment: PENDING -> PROCESSING -> DONE, or DEAD after the last attempt.

    NOT_ASKED for ever where there is nothing to look at: the event's camera keeps no pictures.
    """

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    DEAD = "DEAD"
    NOT_ASKED = "NOT_ASKED"


class Verdict(StrEnum):
    """The vision-language model's verdict on a cleaning attempt, or on the end of a use: was the machine wiped?"""

    CLEANED = "cleaned"
    NOT_CLEANED = "not_cleaned"
    CANNOT_TELL = "cannot_tell"


class Sighting(Value):
    """The model's account of one picture; `frame` counts from 1, as in `MmResult.frame_times_s`."""

    frame: PositiveInt
    what: str = Field(min_length=1, max_length=500)


# The model that invents verdicts.
MOCK_MODEL = "mock"


class MmResult(Value):
    """A verdict, with enough beside it to repeat the question. Null stands for what the model's server did not tell."""

    verdict: Verdict
    confidence: Confidence
    summary: str = Field(max_length=2000)
    seen: tuple[Sighting, ...] = ()
    model: str = Field(max_length=200, description="The model that answered, by its own account.")
    requested_model: str | None = Field(default=None, max_length=200)
    server: str | None = Field(default=None, max_length=500, description="The address of the model's server.")
    prompt_version: str = Field(max_length=200)
    prompt_sha256: Sha256 | None = None
    frame_times_s: tuple[Seconds, ...] = Field(
        description="Which frames the model saw, in seconds from the clip's start."
    )
    frame_sha256s: tuple[Sha256, ...] = Field(default=(), description="Of these frames' JPEG files, in their order.")
    latency_ms: NonNegativeFloat
    attempt: PositiveInt | None = None
    requests: NonNegativeInt | None = Field(default=None, description="How often the server was asked for this result.")
    input_tokens: NonNegativeInt | None = None
    output_tokens: NonNegativeInt | None = None
    cost: NonNegativeFloat | None = Field(
        default=None, description="In the currency of the prices that are configured."
    )
    raw: JsonValue = Field(default=None, description="The model's reply as it came; null in lists and streams.")


class Enrichment(Value):
    """The state of one event's verdict."""

    status: MmStatus
    attempts: NonNegativeInt
    error: str | None = None
    result: MmResult | None = None


class QueueState(Value):
    """How many questions to the model are in which state."""

    pending: NonNegativeInt
    processing: NonNegativeInt
    done: NonNegativeInt
    dead: NonNegativeInt
    not_asked: NonNegativeInt = Field(default=0, description="Of cameras that keep no pictures: nobody is asked.")
    oldest_pending_at: Timestamp | None = Field(
        description="When the oldest pending one's event arrived, or, of the end of a use, when it came into the queue."
    )


class Agree(StrEnum):
    """Whether a person finds a verdict right, or takes back what was said of it."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


def _yes_or_no(value: object) -> object:
    """True and false are yes and no."""
    return ("yes" if value else "no") if isinstance(value, bool) else value


class Review(Value):
    """A person's opinion of an event's verdict."""

    agree: Annotated[Agree, BeforeValidator(_yes_or_no)] = Field(
        description=(
            "Whether the verdict is right; true and false stand for yes and no. `withdrawn` takes back the reviews "
            "of the verdict that was reviewed last: it counts as not reviewed again."
        )
    )
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)
    who: Who = "anonymous"


class StoredReview(Review):
    """A review as it is kept: with when it came, and the verdict, model and prompt that it is of."""

    # Releases before this one let NUL into both.
    note: str
    who: str
    event_id: UUID
    at: Timestamp
    model: str
    prompt_version: str
    verdict: Verdict


class ReviewList(Value):
    """Every review of an event, the oldest first."""

    items: list[StoredReview]
