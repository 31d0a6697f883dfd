"""What a person saw in a video, the truth that events are held against: its file, and the events that it asks for.

# What a person saw. Times are seconds of media time: the video's first frame is 0.
duration_s: 120                    # how much of the video was looked at, from its start
start_time: 2026-01-31T09:00:00Z   # optional: the edge's --start-time, which tells this run's events from others
machines:                          # every machine that was looked at, also those that nobody used
  - machine_id: treadmill_01
    sessions:
      - {start_s: 2.5, end_s: 20.1, attempt_s: 27.0}   # attempt_s: somebody came back to wipe it (left out: nobody)
      - {start_s: 96.0, end_s: 120, left: false}       # left: false: still there when the video ended
  - machine_id: bike_01
    sessions: []
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backend_api.contract.events import EventType
from backend_api.contract.values import Timestamp
from edge_service.yaml_file import Setting, read_settings

_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)


@dataclass(frozen=True, slots=True)
class TrueSession:
    """One use of a machine, in seconds of media time.

    `left` is false when somebody was still there at the end of the video, so that no cleaning window opens;
    `attempt_s` is when somebody came back to wipe the machine, None when nobody did.
    """

    start_s: float
    end_s: float
    left: bool = True
    attempt_s: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, or is said to have happened, at a machine at `time_s` seconds of media time."""

    machine_id: str
    event_type: EventType
    time_s: float


@dataclass(frozen=True, slots=True)
class Truth:
    """The sessions by machine_id, of the first `duration_s` seconds of a video whose first frame is of `start_time`."""

    duration_s: float
    machines: dict[str, tuple[TrueSession, ...]]
    start_time: datetime | None = None

    def moments(self) -> list[Moment]:
        """The events that are to be reported."""
        return [
            Moment(machine_id, event_type, time_s)
            for machine_id, sessions in self.machines.items()
            for session in sessions
            for event_type, time_s in _events(session)
        ]


def _events(session: TrueSession) -> list[tuple[EventType, float]]:
    events = [
        (EventType.MACHINE_OCCUPIED_START, session.start_s),
        (EventType.MACHINE_OCCUPIED_END, session.end_s),
    ]
    if session.left:
        events.append((EventType.CLEANING_WINDOW_OPEN, session.end_s))
    if session.attempt_s is not None:
        events.append((EventType.CLEANING_ATTEMPT, session.attempt_s))
    return events


def load_truth(path: Path) -> Truth:
    """Read the file at `path`. Raises UsageError that names the file, the line, the key, and what to write instead."""
    top = read_settings(path, flag="--truth")
    keys = top.section("duration_s", "start_time", "machines", required=("duration_s", "machines"))
    duration_s = keys["duration_s"].number(above=0)
    machines: dict[str, tuple[TrueSession, ...]] = {}
    for part in keys["machines"].items():
        machine_id, sessions = _machine(part, duration_s)
        if machine_id in machines:
            raise part.error(f"{machine_id} stands here a second time; put all its sessions into one list")
        machines[machine_id] = sessions
    if not machines:
        raise keys["machines"].error("is empty; name at least one machine that was looked at")
    return Truth(duration_s, machines, _start_time(keys.get("start_time")))


def _start_time(setting: Setting | None) -> datetime | None:
    if setting is None:
        return None
    try:
        return _TIMESTAMP.validate_python(setting.value)
    except ValidationError as error:
        raise setting.error("is no time with a zone; write it like 2026-01-31T09:00:00Z") from error


def _machine(setting: Setting, duration_s: float) -> tuple[str, tuple[TrueSession, ...]]:
    keys = setting.section("machine_id", "sessions", required=("machine_id", "sessions"))
    machine_id = keys["machine_id"].text()
    parts = keys["sessions"].owned_by(f"machine {machine_id}").items()
    sessions: list[TrueSession] = []
    over_s = 0.0
    for part in parts:
        session = _session(part, duration_s)
        if session.start_s < over_s:
            raise part.error(f"begins at {session.start_s:g}, before the one above it is over; order them")
        over_s = session.end_s if session.attempt_s is None else session.attempt_s
        sessions.append(session)
    return machine_id, tuple(sessions)


def _session(setting: Setting, duration_s: float) -> TrueSession:
    keys = setting.section("start_s", "end_s", "left", "attempt_s", required=("start_s", "end_s"))
    start_s = keys["start_s"].number(least=0)
    end_s = keys["end_s"].number(above=start_s, most=duration_s)
    left = keys["left"].truth() if "left" in keys else True
    if (attempt := keys.get("attempt_s")) is None:
        return TrueSession(start_s, end_s, left)
    if not left:
        raise attempt.error("nobody comes back who has not left; remove it, or left: false")
    return TrueSession(start_s, end_s, left, attempt.number(above=end_s, most=duration_s))


def format_truth(truth: Truth, comment: str) -> str:
    """The file that `load_truth` reads back, times to the millisecond, with `comment` as its first line."""
    lines = [f"# {comment}", f"duration_s: {_seconds(truth.duration_s)}"]
    if truth.start_time is not None:
        lines.append(f"start_time: {truth.start_time.isoformat()}")
    lines.append("machines:")
    for machine_id, sessions in truth.machines.items():
        lines += [f'  - machine_id: "{machine_id}"', f"    sessions:{'' if sessions else ' []'}"]
        lines += [f"      - {{{_format_session(session)}}}" for session in sessions]
    return "\n".join(lines) + "\n"


def _format_session(session: TrueSession) -> str:
    text = f"start_s: {_seconds(session.start_s)}, end_s: {_seconds(session.end_s)}"
    if session.attempt_s is not None:
        text += f", attempt_s: {_seconds(session.attempt_s)}"
    return text if session.left else f"{text}, left: false"


def _seconds(value: float) -> str:
    return f"{round(value, 3):.15g}"
