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
    """The outcome of a session; a verdict counts over the state of the window."""

    IN_USE = "in_use"
    NO_WINDOW = "no_window"
    WINDOW_OPEN = "window_open"
    NOT_ATTEMPTED = "not_attempted"
    WAITING = "waiting"
    FAILED = "failed"
    CLEANED = "cleaned"
    NOT_CLEANED = "not_cleaned"
    CANNOT_TELL = "cannot_tell"
    NOT_JUDGED = "not_judged"
    NO_USE = "no_use"


# Of these alone there is a verdict that a person can review; of not_attempted, when the end of the use was judged.
JUDGED = frozenset(
    {SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL, SessionOutcome.NOT_ATTEMPTED}
)
# These change by themselves, as time passes or the model answers.
GOING_ON = frozenset({SessionOutcome.IN_USE, SessionOutcome.WINDOW_OPEN, SessionOutcome.WAITING})


class Cleaned(StrEnum):
    """When a machine was cleaned: before its user left it, or by an attempt in the cleaning window."""

    BEFORE_LEAVING = "before_leaving"
    IN_WINDOW = "in_window"


class Session(Value):
    """One use of a machine; null stands for events that have not happened or arrived."""

    session_id: UUID = Field(description="The event_id of the MACHINE_OCCUPIED_START.")
    store_id: Name
    camera_id: Name
    machine_id: Name
    machine_name: str = Field(description="As its camera's setup calls it; without one, its machine_id.")
    outcome: SessionOutcome = Field(
        description=(
            "Its state or its end by now. Without a verdict: in_use; no_window: left without a cleaning window, as at "
            "the end of a stream; window_open; not_attempted: the window closed, at window_closes_at or when the "
            "machine's next session began. The model is asked about the attempt, and about the end of the use where "
            "there was no attempt or its verdict is not `cleaned`. One `cleaned` is enough: cleaned. Otherwise what "
            "one of them leaves open is open: waiting for the model; failed: it gave no verdict (DEAD); cannot_tell. "
            "not_judged: an attempt of which there is no picture, by its camera's privacy setting, so that nobody is "
            "asked. "
            "not_cleaned: an attempt that was none, and nothing was wiped before. not_attempted also when the model "
            "saw that nothing was wiped before leaving. no_use: people say that there was none, see `correction`."
        )
    )
    is_final: bool = Field(
        description=(
            "Whether the outcome stays as it is unless somebody asks again: false while the machine is in use, its "
            "window is open, an attempt may still be on its way, or the model is still to judge the attempt or the end "
            "of the use."
        )
    )
    cleaned: Cleaned | None = Field(
        description="Of the outcome cleaned, when: before_leaving or in_window (by the attempt); null for every other."
    )
    started_at: Timestamp | None
    ended_at: Timestamp | None = Field(description="When the machine was left; null while it is in use.")
    occupied_s: Seconds | None = Field(description="From started_at to ended_at.")
    end_reason: EndReason | None
    window_opened_at: Timestamp | None
    window_closes_at: Timestamp | None
    attempt_event_id: UUID | None = Field(description="The CLEANING_ATTEMPT.")
    attempt_at: Timestamp | None
    end_event_id: UUID | None = Field(description="The MACHINE_OCCUPIED_END.")
    judged_event_id: UUID | None = Field(
        description=(
            "The event by whose verdict the outcome goes, and whose clip is the evidence: the attempt, or the END "
            "where that decides; null as long as nobody was asked."
        )
    )
    verdict: Verdict | None = Field(description="Of that event.")
    mm_status: MmStatus | None = Field(
        description="Where the question about that event stands; null as long as nobody was asked."
    )
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
            "in_use: somebody is on it. cleaned: by a verdict on its last use, before leaving or in the window. "
            "to_be_cleaned: its cleaning window is open. free: nothing of these. unknown: nothing has been heard of "
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
    """A page of the machines that were ever in use or are in a camera's setup, by store, camera and machine_id."""

    items: list[Machine]
    next_cursor: str | None = Field(default=None, description="Where the next page begins; null on the last page.")
