"""The truth that events are held against, as a person saw it in a video: its file, and the events that it asks for.

# What a person saw. Times are seconds of media time: the video's first frame is 0.
duration_s: 120                    # how much of the video was looked at, from its start
start_time: 2026-01-31T09:00:00Z   # optional: the edge's --start-time, which tells this run's events from others
machines:                          # every machine that was looked at, also those that nobody used
  - machine_id: treadmill_01
    sessions:
      - {start_s: 2.5, end_s: 20.1, attempt_s: 27.0}   # attempt_s: somebody came back to wipe it (left out: nobody)
      - {start_s: 60.0, end_s: 78.5, wiped_before_leaving: true}   # the user wiped it, then left it
      - {start_s: 96.0, end_s: 120, left: false}       # left: false: still there when the video ended
  - machine_id: bike_01
    sessions: []
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from backend_api.base.yaml_file import Place, Text, YamlFile, read_yaml, section
from backend_api.contract.events import EventType
from backend_api.contract.values import Timestamp

MAX_DURATION_S = 31 * 86_400.0
MAX_MACHINES = 200
MAX_SESSIONS = 10_000

_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)
_Seconds = Annotated[float, Field(strict=True, ge=0, le=MAX_DURATION_S, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class TrueSession:
    """One use of a machine, in seconds of media time.

    `left` is false when somebody was still there at the end of the video, so that no cleaning window opens;
    `attempt_s` is when somebody came back to wipe the machine, None when nobody did. `wiped_before_leaving` is whether
    its user did so at the end of the use, which makes no event.
    """

    start_s: _Seconds
    end_s: _Seconds
    left: Annotated[bool, Field(strict=True)] = True
    attempt_s: _Seconds | None = None
    wiped_before_leaving: Annotated[bool, Field(strict=True)] = False


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


def _start_time(value: object) -> datetime:
    try:
        moment = _TIMESTAMP.validate_python(value)
    except ValidationError as error:
        raise ValueError("is no time with a zone; write it like 2026-01-31T09:00:00Z") from error
    # Events around it, and all of the video after it, are asked for.
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("is at the end of all time; check the year")
    return moment


@dataclass(frozen=True, slots=True)
class _MachineSection:
    machine_id: Text
    sessions: Annotated[tuple[Annotated[TrueSession, section(TrueSession)], ...], Field(max_length=MAX_SESSIONS)]


@dataclass(frozen=True, slots=True)
class _File:
    duration_s: Annotated[float, Field(strict=True, gt=0, le=MAX_DURATION_S, allow_inf_nan=False)]
    machines: Annotated[
        tuple[Annotated[_MachineSection, section(_MachineSection)], ...], Field(max_length=MAX_MACHINES)
    ]
    start_time: Annotated[datetime, BeforeValidator(_start_time)] | None = None


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_truth(path: Path) -> Truth:
    """Read the file at `path`. Raises UsageError that names the file, the line, the key, and what to write instead."""
    file = read_yaml(path, flag="--truth")
    read = file.read(_FILE)
    machines: dict[str, tuple[TrueSession, ...]] = {}
    for number, part in enumerate(read.machines):
        if part.machine_id in machines:
            problem = f"{part.machine_id} stands here a second time; put all its sessions into one list"
            raise file.error(("machines", number), problem)
        _check_order(file, ("machines", number, "sessions"), part.sessions, read.duration_s)
        machines[part.machine_id] = part.sessions
    if not machines:
        raise file.error(("machines",), "is empty; name at least one machine that was looked at")
    return Truth(read.duration_s, machines, read.start_time)


def _check_order(file: YamlFile, place: Place, sessions: Sequence[TrueSession], duration_s: float) -> None:
    """Raises UsageError where a session does not follow upon the one before, or reaches beyond the end."""
    over_s = 0.0
    for number, session in enumerate(sessions):
        here = (*place, number)
        _check_bounds(file, (*here, "end_s"), session.end_s, session.start_s, duration_s)
        if session.attempt_s is not None:
            if not session.left:
                problem = "nobody comes back who has not left; remove it, or left: false"
                raise file.error((*here, "attempt_s"), problem)
            _check_bounds(file, (*here, "attempt_s"), session.attempt_s, session.end_s, duration_s)
        if session.start_s < over_s:
            raise file.error(here, f"begins at {session.start_s:g}, before the one above it is over; order them")
        over_s = session.end_s if session.attempt_s is None else session.attempt_s


def _check_bounds(file: YamlFile, place: Place, value_s: float, above_s: float, most_s: float) -> None:
    if value_s <= above_s:
        raise file.error(place, f"is {value_s:g}; must be greater than {above_s:g}")
    if value_s > most_s:
        raise file.error(place, f"is {value_s:g}; must be at most {most_s:g}")


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
    if session.wiped_before_leaving:
        text += ", wiped_before_leaving: true"
    return text if session.left else f"{text}, left: false"


def _seconds(value: float) -> str:
    return f"{round(value, 3):.15g}"
