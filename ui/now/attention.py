"""The list of what needs attention: storage, cameras that do not watch, sessions that went wrong or are unclear."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.values import MachineKey
from ui.client.storage import StorageTrouble
from ui.now.ages import ago, lasting
from ui.text.local_time import Zone, moment
from ui.text.machine_names import key_of
from ui.text.words import SESSION_COLOURS, SESSION_WORDS, Colour

SHOWN_ITEMS = 8
REACH = timedelta(hours=24)
ALARMING = (SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL, SessionOutcome.FAILED)
# More silent cameras than these have one cause, and are one item.
_NAMED_CAMERAS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs attention: `what` and its `colour`, `where` it is, and `when` it came about.

    `session_id` is the session that it is about, None when it is about cameras or the storage.
    """

    what: str
    colour: Colour
    where: str
    when: str
    session_id: UUID | None = None


def alarming_sessions(now: datetime, store_id: str | None = None) -> SessionQuery:
    """Which sessions of the gym `store_id`, or of all, need attention, up to one more than is shown.

    The query stays the same for a minute, so that all browsers share its answer.
    """
    since = now.replace(second=0, microsecond=0) - REACH
    return SessionQuery(outcome=ALARMING, reviewed=False, since=since, store_id=store_id, limit=SHOWN_ITEMS + 1)


def silent_cameras(cameras: Iterable[CameraState]) -> list[CameraState]:
    """The cameras whose edge is behind with its reports or has stopped, the longest silent first."""
    silent = [camera for camera in cameras if camera.status in {CameraStatus.LATE, CameraStatus.GONE}]
    return sorted(silent, key=lambda camera: camera.reported_at)


def items_of(
    cameras: Iterable[CameraState],
    sessions: Iterable[Session],
    names: Mapping[MachineKey, str],
    now: datetime,
    zone: Zone,
    storage: StorageTrouble | None = None,
) -> list[Item]:
    """The list of what needs attention: the storage, then cameras, then sessions in their order; at most SHOWN_ITEMS.

    `names` tell machines of the same name apart; a machine that is not among them has its session's.
    """
    cameras = list(cameras)
    found = [] if storage is None else [_of_storage(storage)]
    found += _of_cameras(silent_cameras(cameras), now, zone)
    found += _of_unwatched("No signal", "no pictures come", _with(CameraStatus.NO_SIGNAL, cameras))
    found += _of_unwatched("Blind", "pictures come, and none is analysed", _with(CameraStatus.BLIND, cameras))
    for session in sessions:
        where = names.get(key_of(session), session.machine_name)
        found.append(_of_session(session, where, now, zone))
    return found[:SHOWN_ITEMS]


def _of_storage(trouble: StorageTrouble) -> Item:
    if trouble.is_stopped:
        return Item("Storage", "red", "The backend", "cannot store anything")
    return Item("Storage", "orange", "Old clips or events", "are kept until you say that they may go")


def _of_cameras(silent: Sequence[CameraState], now: datetime, zone: Zone) -> list[Item]:
    if len(silent) > _NAMED_CAMERAS:
        where = f"{len(silent)} cameras"
        return [Item("Silent", "red", where, _since("the first since", silent[0].reported_at, now, zone))]
    return [
        Item("Silent", "red", f"Camera {camera.camera_id}", _since("since", camera.reported_at, now, zone))
        for camera in silent
    ]


def _with(status: CameraStatus, cameras: Iterable[CameraState]) -> list[CameraState]:
    return [camera for camera in cameras if camera.status is status]


def _of_unwatched(what: str, when: str, cameras: Sequence[CameraState]) -> list[Item]:
    """Cameras whose edges report, but which do not watch."""
    if len(cameras) > _NAMED_CAMERAS:
        return [Item(what, "red", f"{len(cameras)} cameras", when)]
    return [Item(what, "red", f"Camera {camera.camera_id}", when) for camera in cameras]


def _of_session(session: Session, where: str, now: datetime, zone: Zone) -> Item:
    at = session.attempt_at or session.ended_at or session.started_at
    when = f"{moment(at, now, zone)}, {ago(now - at)}" if at else "time unknown"
    return Item(
        SESSION_WORDS[session.outcome],
        SESSION_COLOURS[session.outcome],
        where,
        when,
        session.session_id,
    )


def _since(word: str, instant: datetime, now: datetime, zone: Zone) -> str:
    return f"{word} {moment(instant, now, zone)}, {lasting(now - instant)}"
