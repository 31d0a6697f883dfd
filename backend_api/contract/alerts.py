"""Alerts: what happened, or is so until it is over, and what became of telling each target."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from backend_api.contract.values import Count, Name, Timestamp, Value, Who

MAX_SNOOZE_S = 7 * 86_400
MAX_ANSWER_CHARACTERS = 500
MAX_DETAIL_CHARACTERS = 1000


class AlertKind(StrEnum):
    """The kind of an alert. The first two happen; a digest is due; the others are so until they are over."""

    WINDOW_UNCLEANED = "window_uncleaned"
    VERDICT_DEAD = "verdict_dead"
    CAMERA_SILENT = "camera_silent"
    CAMERA_BLIND = "camera_blind"
    CAMERA_MOVED = "camera_moved"
    CAMERA_COVERED = "camera_covered"
    CAMERA_DARK = "camera_dark"
    WORKER_AWAY = "worker_away"
    QUEUE_OLD = "queue_old"
    DISK_LOW = "disk_low"
    OUTBOX_GROWS = "outbox_grows"
    CAP_REACHED = "cap_reached"
    TARGET_FAILED = "target_failed"
    DIGEST_DAY = "digest_day"
    DIGEST_WEEK = "digest_week"


HAPPENINGS = frozenset({AlertKind.WINDOW_UNCLEANED, AlertKind.VERDICT_DEAD})
DIGESTS = frozenset({AlertKind.DIGEST_DAY, AlertKind.DIGEST_WEEK})
CONDITIONS = frozenset(AlertKind) - HAPPENINGS - DIGESTS


class AlertPhase(StrEnum):
    """The part of an alert that a message told: that it began (or happened), that it still is so, that it is over."""

    BEGAN = "began"
    STILL = "still"
    OVER = "over"


class MessageStatus(StrEnum):
    """Where a message to a target stands. DEAD: it was given up, or its target is gone from the file."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    DEAD = "DEAD"


class AlertFacts(Value):
    """The facts of an alert, as they were then."""

    camera_id: Name | None = None
    machine_id: Name | None = None
    machine_name: str | None = Field(default=None, max_length=100)
    session_id: UUID | None = None
    event_id: UUID | None = Field(default=None, description="The event whose verdict it is, or whose picture shows it.")
    detail: str = Field(default="", max_length=MAX_DETAIL_CHARACTERS, description="The rest, in words.")


class Telling(Value):
    """One message that told, or is to tell, an alert to a target; `status` is null while it waits to be put together"""

    target: str
    phase: AlertPhase
    status: MessageStatus | None
    at: Timestamp = Field(description="When this last changed.")
    attempts: Count
    answer: str | None = Field(description="The last answer of the target, without secrets.")


class Alert(Value):
    """One alert, in words and in facts."""

    id: Count
    kind: AlertKind
    store_id: Name | None = Field(description="Null when it is about the whole installation.")
    at: Timestamp = Field(description="When it happened or began.")
    over_at: Timestamp | None = Field(description="When it was over; null while it is so, and of what just happens.")
    lasts: bool = Field(description="Whether it is so now; false of what just happens.")
    text: str = Field(description="All in a line.")
    facts: AlertFacts
    acknowledged_at: Timestamp | None
    acknowledged_by: str | None
    told: list[Telling]


class AlertPage(Value):
    """Alerts, the newest first; `next_before` is null on the last page."""

    items: list[Alert]
    next_before: Count | None


class TargetState(Value):
    """A target of alerts.yaml, and how telling it goes."""

    name: str
    way: str = Field(description="How it is told: `webhook`, or the scheme of its apprise address, such as `ntfys`.")
    limits: str = Field(description="The alerts that it is told, in words.")
    waiting: Count = Field(description="Alerts that it has yet to be told.")
    snoozed_until: Timestamp | None
    snoozed_by: str | None
    last_status: MessageStatus | None = Field(description="Of the newest message; null before the first.")
    last_at: Timestamp | None
    last_attempts: Count
    last_answer: str | None


class TargetList(Value):
    """Every target of alerts.yaml, in its order."""

    items: list[TargetState]


class Acknowledgement(Value):
    """Somebody has seen an alert: it is not told again."""

    who: Who


class Snooze(Value):
    """Until when a target is left in peace; all that comes meanwhile is told in sum afterwards. Null ends it."""

    until: Timestamp | None
    who: Who


class SendAnswer(Value):
    """The answer of a target to a test message."""

    is_ok: bool
    answer: str
