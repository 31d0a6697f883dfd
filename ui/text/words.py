"""The words that an operator reads instead of the contract's codes: pure functions from values to text."""

import re
from datetime import datetime
from typing import Literal

from backend_api.contract.corrections import UseTruth
from backend_api.contract.events import (
    PICTURES,
    AttemptAttributes,
    ClipMask,
    EndAttributes,
    EndReason,
    EventType,
    StoredEvent,
    WindowAttributes,
    has_pictures,
)
from backend_api.contract.sessions import Cleaned, Session, SessionOutcome
from backend_api.contract.sources import SOURCE, EventSource, source_of
from backend_api.contract.verdicts import MmResult, MmStatus, Verdict
from ui.text.local_time import Zone

Colour = Literal["green", "red", "orange", "gray", "blue"]

EVENT_WORDS = {
    EventType.MACHINE_OCCUPIED_START: "Use began",
    EventType.MACHINE_OCCUPIED_END: "Use ended",
    EventType.CLEANING_WINDOW_OPEN: "Window opened",
    EventType.CLEANING_ATTEMPT: "Cleaning attempt",
}
STATUS_WORDS = {
    MmStatus.PENDING: "Waiting",
    MmStatus.PROCESSING: "Being judged",
    MmStatus.DONE: "Judged",
    MmStatus.DEAD: "Failed",
    MmStatus.NOT_ASKED: "No pictures",
}
VERDICT_WORDS = {
    Verdict.CLEANED: "Cleaned",
    Verdict.NOT_CLEANED: "Not cleaned",
    Verdict.CANNOT_TELL: "Cannot tell",
}
SESSION_WORDS = {
    SessionOutcome.IN_USE: "In use",
    SessionOutcome.WINDOW_OPEN: "To be cleaned",
    SessionOutcome.NOT_ATTEMPTED: "No attempt",
    SessionOutcome.WAITING: "Waiting for verdict",
    SessionOutcome.FAILED: "No verdict",
    SessionOutcome.CLEANED: "Cleaned",
    SessionOutcome.NOT_CLEANED: "Not cleaned",
    SessionOutcome.CANNOT_TELL: "Cannot tell",
    SessionOutcome.NOT_JUDGED: "Not judged",
    SessionOutcome.NO_WINDOW: "No window",
    SessionOutcome.NO_USE: "No use",
}
# Colours of Streamlit's palette; the words carry the meaning, the colour only helps the eye.
SESSION_COLOURS: dict[SessionOutcome, Colour] = {
    SessionOutcome.IN_USE: "blue",
    SessionOutcome.WINDOW_OPEN: "orange",
    SessionOutcome.NOT_ATTEMPTED: "red",
    SessionOutcome.WAITING: "gray",
    SessionOutcome.FAILED: "red",
    SessionOutcome.CLEANED: "green",
    SessionOutcome.NOT_CLEANED: "red",
    SessionOutcome.CANNOT_TELL: "orange",
    SessionOutcome.NOT_JUDGED: "gray",
    SessionOutcome.NO_WINDOW: "gray",
    SessionOutcome.NO_USE: "gray",
}
CLEANED_WORDS = {
    Cleaned.BEFORE_LEAVING: "Cleaned before leaving",
    Cleaned.IN_WINDOW: "Cleaned in the window",
}
REVIEW_WORDS = {
    "yes": "Agreed",
    "no": "Disagreed",
    "unsure": "Unsure",
}
TRUTH_WORDS = {
    UseTruth.NOBODY: "Nobody was there",
    UseTruth.OTHER_MACHINE: "Another machine",
    UseTruth.TWO_PEOPLE: "Two people in turn",
}
_END_REASONS = {
    EndReason.LEFT: "the person left",
    EndReason.END_OF_STREAM: "the video ended",
    EndReason.UNOBSERVED: "the camera sent no picture",
    EndReason.RECONFIGURED: "its zone was changed",
    EndReason.RECOVERED: "the camera's program restarted",
}


def percent(share: float) -> str:
    """A share from 0 to 1 in whole per cent."""
    return f"{share:.0%}".replace("%", " %")


def outcome_words(session: Session) -> str:
    """What became of a session; of a machine that was cleaned, when it was."""
    return SESSION_WORDS[session.outcome] if session.cleaned is None else CLEANED_WORDS[session.cleaned]


def counted(number: int, noun: str) -> str:
    """A number of things, e.g. `1 attempt`, `3 attempts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """A length of time: tenths below a minute, whole seconds above, e.g. `8.2 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def began(session: Session) -> datetime:
    """The first known time of a session; one is always known, since a session is made of events."""
    times = (session.started_at, session.ended_at, session.window_opened_at, session.attempt_at)
    return min(time for time in times if time is not None)


def facts(event: StoredEvent, zone: Zone) -> dict[str, str]:
    """The facts of an event, as label and text, in the order in which they are read."""
    return {
        "Machine": event.machine_id,
        "Time": zone.full(event.ts),
        **attribute_facts(event, zone),
        "Camera": event.camera_id,
        "Store": event.store_id,
        "Detection confidence": percent(event.confidence),
        "Time in the video": duration(event.media_time_s),
        "Session": str(event.session_id),
        "Event": str(event.event_id),
    }


def attribute_facts(event: StoredEvent, zone: Zone) -> dict[str, str]:
    """An event's attributes in words; those of a later version keep their own names."""
    known = _known_attributes(event, zone)
    return dict(
        known.get(name) or (name.replace("_", " ").capitalize(), str(value)) for name, value in event.attributes.items()
    )


def _known_attributes(event: StoredEvent, zone: Zone) -> dict[str, tuple[str, str]]:
    """Label and text by attribute name."""
    source = source_of(event.attributes)
    found: dict[str, tuple[str, str | None]] = {SOURCE: ("Found by", None if source is None else eyes_words(source))}
    if not has_pictures(event.attributes):
        found[PICTURES] = "Pictures", "none, by the camera's privacy setting"
    match event.event_type:
        case EventType.MACHINE_OCCUPIED_END:
            end = EndAttributes.model_validate(event.attributes)
            found["occupied_s"] = "In use for", None if end.occupied_s is None else duration(end.occupied_s)
            found["end_reason"] = "Ended because", end.end_reason and _END_REASONS[end.end_reason]
            found["zone"] = "Zone", None if end.zone is None else counted(len(end.zone), "corner")
        case EventType.CLEANING_WINDOW_OPEN:
            window = WindowAttributes.model_validate(event.attributes)
            closes_at = window.closes_at
            found["closes_at"] = "Window closes", None if closes_at is None else _closing(event, closes_at, zone)
        case EventType.CLEANING_ATTEMPT:
            attempt = AttemptAttributes.model_validate(event.attributes)
            into_s = attempt.seconds_into_window
            found["seconds_into_window"] = "Began", None if into_s is None else f"{duration(into_s)} after use ended"
            found["zone"] = "Zone", None if attempt.zone is None else counted(len(attempt.zone), "corner")
    return {name: (label, text) for name, (label, text) in found.items() if text is not None}


def _closing(event: StoredEvent, closes_at: datetime, zone: Zone) -> str:
    length = duration(max(0.0, (closes_at - event.ts).total_seconds()))
    return f"{zone.clock(closes_at)}, {length} after it opened"


def detector_words(source: EventSource | None) -> str:
    """The detector, e.g. `yolox_nano.onnx (sha256 c789161e)`; a mocked one is called so."""
    if source is None:
        return "not told"
    if source.is_mocked:
        return "mocked detector"
    name = source.weights or source.detector
    return name if source.weights_sha256 is None else f"{name} (sha256 {source.weights_sha256[:8]})"


def eyes_words(source: EventSource) -> str:
    """By what an event was found: detector, configuration, and the edge's release."""
    config = "" if source.config_sha256 is None else f", configuration {source.config_sha256[:8]}"
    where = "" if source.input_size is None else f" in {source.input_size} pixels on {source.runtime or 'cpu'}"
    stream = "" if source.stream is None else f", in the {source.stream} stream while the one for detection was lost"
    return f"{detector_words(source)}{where}{stream}{config}, edge {source.edge_version}"


def verdict_facts(result: MmResult) -> dict[str, str]:
    """How a verdict came about, as label and text, as far as the model's server told."""
    frames = ", ".join(duration(time_s) for time_s in result.frame_times_s)
    known = {
        "Model": result.model,
        "Asked for": None if result.requested_model == result.model else result.requested_model,
        "Server": result.server,
        "Prompt version": result.prompt_version,
        "Frames seen at": frames or "none",
        "Answered in": _latency(result.latency_ms),
        "Requests": None if result.requests is None else str(result.requests),
        "Tokens": _tokens(result),
        "Cost": None if result.cost is None else f"{result.cost:.6f}".rstrip("0").rstrip("."),
    }
    return {label: text for label, text in known.items() if text is not None}


def _latency(latency_ms: float) -> str:
    return f"{latency_ms:.0f} ms" if latency_ms < 1000 else duration(latency_ms / 1000)


def _tokens(result: MmResult) -> str | None:
    counts = {"in": result.input_tokens, "out": result.output_tokens}
    return ", ".join(f"{number:,} {way}" for way, number in counts.items() if number is not None) or None


_SIGNS = frozenset(r"\`*_{}[]()<>#+-!|~$:&")
# Addresses, icons, emoji and arrows are replaced after the escapes are read: what begins one is parted by a sign of no
# width (U+2060, word joiner).
_REPLACED_LATER = re.compile(r":(?=[a-z/+])|www(?=\.)|@|-(?=[->])|<(?=[-=])|[>~](?==)", re.IGNORECASE)
_WORD_JOINER = "\N{WORD JOINER}"


def plain(text: str) -> str:
    """`text` in one line, with nothing in it taken for Markdown."""
    line = _REPLACED_LATER.sub(lambda found: found[0] + _WORD_JOINER, " ".join(text.split()))
    return "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in line)


def mask_words(masked: ClipMask) -> str:
    """All that was hidden in a clip, and when, in a sentence."""
    parts = [] if masked.mask == "none" else [f"{masked.mask} where the detector ({masked.detector}) saw them"]
    if masked.only_zones:
        parts.append("all outside of the machines' zones")
    if masked.areas:
        parts.append(counted(masked.areas, "area"))
    when = "after the clip had been stored" if masked.afterwards else "before the clip was written"
    return f"Hidden {when}: {', '.join(parts)}."
