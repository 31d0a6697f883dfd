"""Sessions, each with its outcome, and machines, each with its state now."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from backend_api.contract.cameras import LATE_WITHIN_S
from backend_api.contract.corrections import UseTruth
from backend_api.contract.events import EndReason
from backend_api.contract.sources import EventSource
from backend_api.contract.values import Name, Seconds, Timestamp, Value
from backend_api.contract.verdicts import MmStatus, Verdict


class SessionOutcome(StrEnum):
    """The outcome of a session; an attempt counts over the state of the window."""

    IN_USE = "in_use"
    NO_WINDOW = "no_window"
    WINDOW_OPEN = "window_open"
    NOT_ATTEMPTED = "not_attempted"
    WAITING = "waiting"
    FAILED = "failed"
    CLEANED = "cleaned"
    NOT_CLEANED = "not_cleaned"
    CANNOT_TELL = "cannot_tell"
    NO_USE = "no_use"


# Of these alone there is a verdict that a person can review.
JUDGED = frozenset({SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL})


class Session(Value):
    """One use of a machine; null stands for events that have not happened or arrived."""

    session_id: UUID = Field(description="The event_id of the MACHINE_OCCUPIED_START.")
    store_id: Name
    camera_id: Name
    machine_id: Name
    machine_name: str = Field(description="As its camera's setup calls it; without one, its machine_id.")
    outcome: SessionOutcome = Field(
        description=(
            "Its state or its end by now. Without an attempt: in_use; no_window: left without a cleaning window, as "
            "at the end of a stream; window_open; not_attempted: the window closed, at window_closes_at or when the "
            "machine's next session began. With one: waiting for the model; failed: the model gave no verdict (DEAD); "
            "cleaned, not_cleaned, cannot_tell: its verdict. no_use: people say that there was none, see `correction`."
        )
    )
    started_at: Timestamp | None
    ended_at: Timestamp | None = Field(description="When the machine was left; null while it is in use.")
    occupied_s: Seconds | None = Field(description="From started_at to ended_at.")
    end_reason: EndReason | None
    window_opened_at: Timestamp | None
    window_closes_at: Timestamp | None
    attempt_event_id: UUID | None = Field(description="The CLEANING_ATTEMPT, whose clip and verdict are the evidence.")
    attempt_at: Timestamp | None
    verdict: Verdict | None
    mm_status: MmStatus | None = Field(description="Where the question to the model stands; null without an attempt.")
    review: Literal["yes", "no", "unsure"] | None = Field(
        description="Whether this verdict is right by the latest review; null without one."
    )
    correction: UseTruth | None = Field(
        description=(
            "The truth of the use by people: `nobody`, somebody at the `other_machine`, or `two_people` in turn; "
            "null while nobody corrects it. /sessions/{session_id}/corrections has all."
        )
    )
    source: EventSource | None = Field(
        description="By what it was found, as the first of its events that came says; null from an earlier release."
    )
    thumbnail_url: str | None = Field(
        description="A picture of the attempt, else of the START, relative to the backend's address."
    )


class SessionPage(Value):
    """One page of sessions; `next_cursor` is null on the last page."""

    items: list[Session]
    next_cursor: str | None


class MachineState(StrEnum):
    """The state of a machine."""

    IN_USE = "in_use"
    TO_BE_CLEANED = "to_be_cleaned"
    CLEANED = "cleaned"
    FREE = "free"
    UNKNOWN = "unknown"


class Machine(Value):
    """A machine now."""

    store_id: Name
    camera_id: Name
    machine_id: Name
    name: str = Field(description="As its camera's setup calls it; without one, its machine_id.")
    state: MachineState = Field(
        description=(
            "in_use: somebody is on it. to_be_cleaned: its cleaning window is open, and no attempt was found good. "
            "cleaned: the attempt after its last use was. free: nothing of these. unknown: nothing has been heard of "
            f"its camera, neither a report nor an event, for {LATE_WITHIN_S:.0f} s."
        )
    )
    since: Timestamp | None = Field(
        description=(
            "Since when; of an unknown one, when its camera was last heard of; null when it never was, and of a free "
            "machine that was never in use."
        )
    )
    closes_at: Timestamp | None = Field(description="Until when it is to be cleaned; null in every other state.")
    session: Session | None = Field(description="Its current session, or its last one; null when it was never in use.")


class MachineList(Value):
    """Every machine that was ever in use or is in a camera's setup, by store, camera and machine_id."""

    items: list[Machine]
