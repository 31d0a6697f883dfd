"""Which conditions hold, from what can be seen now; and which of them began or are over, from what is known. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend_api.alerts.config import AlertsConfig
from backend_api.base.instants import to_ms
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.stores import StoreSettings
from backend_api.reports.buckets import Interval
from backend_api.reports.opening import is_within, open_intervals
from backend_api.store.ledger.alerts import Thing

# So long what the wall clock says must hold by another clock, too: one that is set ahead makes nobody silent.
CONFIRM_S = 45.0
# Silence is counted so far back.
_FURTHEST = timedelta(days=8)
# A disk has room again, and an outbox is sent, only when it is so by a margin.
_ROOM_AGAIN = 1.2
_SENT_AGAIN = 0.5
_GB = 1e9
_OF_PICTURES = {
    AlertKind.CAMERA_MOVED: "its last two stills show another view; put it back, or acknowledge this if it is to stay",
    AlertKind.CAMERA_COVERED: "its last two stills show nothing sharp",
    AlertKind.CAMERA_DARK: "its last two stills show nothing but black",
}
OF_PICTURES = frozenset(_OF_PICTURES)


@dataclass(frozen=True, slots=True)
class Observation:
    """All that is looked at, at `now`. `free_bytes` by folder; `oldest_question_at` and `worker_seen_at` may be None.

    `cap` says in words which daily cap of a worker is reached, where `cap_is_known`: where a worker said so lately.

    `pictures` says what is wrong with what cameras see: each a kind of alert.
    """

    now: datetime
    cameras: Sequence[CameraState] = ()
    stores: Mapping[str, StoreSettings] = field(default_factory=dict)
    free_bytes: Mapping[str, int] = field(default_factory=dict)
    oldest_question_at: datetime | None = None
    questions: int = 0
    worker_seen_at: datetime | None = None
    cap_is_known: bool = True
    cap: str | None = None
    pictures: Mapping[tuple[str, str], AlertKind | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What holds now, and for how many seconds it has to before it is told."""

    facts: AlertFacts
    for_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and of what nothing can be said now: that stays as it is."""

    found: Mapping[Thing, Finding]
    unknown: frozenset[Thing]


def look(seen: Observation, config: AlertsConfig, lasting: Iterable[Thing]) -> Look:
    """What holds by `seen`; `lasting` are the conditions that are known to last."""
    found: dict[Thing, Finding] = {}
    unknown: set[Thing] = set()
    known = frozenset(lasting)
    for camera in seen.cameras:
        _look_at_camera(camera, seen, config, known, found, unknown)
    _look_at_pictures(seen, found)
    _look_at_worker(seen, config, found)
    _look_at_disks(seen, config, known, found)
    found = {thing: one for thing, one in found.items() if config.kinds(thing.store_id or None).tells(thing.kind)}
    here = {(camera.store_id, camera.camera_id) for camera in seen.cameras} - seen.pictures.keys()
    unknown |= {thing for thing in known if thing.kind in OF_PICTURES and (thing.store_id, thing.subject) in here}
    # Whether a target is reached is noted by whoever sends.
    unknown |= {thing for thing in known if thing.kind is AlertKind.TARGET_FAILED}
    if not seen.cap_is_known:
        unknown |= {thing for thing in known if thing.kind is AlertKind.CAP_REACHED}
    return Look(found, frozenset(unknown))


def _look_at_camera(
    camera: CameraState,
    seen: Observation,
    config: AlertsConfig,
    known: frozenset[Thing],
    found: dict[Thing, Finding],
    unknown: set[Thing],
) -> None:
    rules = config.kinds(camera.store_id)
    here = (camera.store_id, camera.camera_id)
    silent, blind = Thing(AlertKind.CAMERA_SILENT, *here), Thing(AlertKind.CAMERA_BLIND, *here)
    piles = Thing(AlertKind.OUTBOX_GROWS, *here)
    if camera.status in (CameraStatus.GONE, CameraStatus.LATE):
        # What a silent camera said last says nothing of now.
        unknown |= {blind, piles}
        if not _is_open(seen, camera.store_id):
            unknown.add(silent)
        elif _silent_s(camera, seen) >= rules.camera_silent.after_min * 60:
            facts = _facts(camera, f"its last report came at {camera.reported_at:%d %b %H:%M} UTC")
            found[silent] = Finding(facts, CONFIRM_S)
        else:
            unknown.add(silent)
        return
    if camera.status is CameraStatus.NO_SIGNAL:
        unknown.add(blind)
        if _is_open(seen, camera.store_id):
            facts = _facts(camera, camera.last_error or "it sends no pictures")
            found[silent] = Finding(facts, rules.camera_silent.after_min * 60)
        else:
            unknown.add(silent)
    if camera.status is CameraStatus.BLIND:
        facts = _facts(camera, camera.last_error or "pictures come, and none is analysed")
        found[blind] = Finding(facts, rules.camera_blind.after_min * 60)
    limit = rules.outbox_grows.events
    if camera.outbox_depth >= (limit * _SENT_AGAIN if piles in known else limit):
        facts = _facts(camera, f"{camera.outbox_depth} events wait there")
        found[piles] = Finding(facts, rules.outbox_grows.after_min * 60)


def _silent_s(camera: CameraState, seen: Observation) -> float:
    """For how many seconds of opening hours it has been silent."""
    begins = max(camera.reported_at, seen.now - _FURTHEST)
    if camera.reported_at > seen.now:
        # From before the clock was set back: as old as it lies ahead, as everywhere.
        return camera.age_s
    span = Interval(to_ms(begins), to_ms(seen.now))
    settings = seen.stores.get(camera.store_id)
    intervals = [span] if settings is None else open_intervals(settings, span)
    return sum(interval.end_ms - interval.begin_ms for interval in intervals) / 1000


def _is_open(seen: Observation, store_id: str) -> bool:
    settings = seen.stores.get(store_id)
    now_ms = to_ms(seen.now)
    return settings is None or is_within(open_intervals(settings, Interval(now_ms - 1, now_ms + 1)), now_ms)


def _look_at_pictures(seen: Observation, found: dict[Thing, Finding]) -> None:
    for (store_id, camera_id), kind in seen.pictures.items():
        if kind is not None:
            facts = AlertFacts(camera_id=camera_id, detail=_OF_PICTURES[kind])
            found[Thing(kind, store_id, camera_id)] = Finding(facts, 0.0)


def _look_at_worker(seen: Observation, config: AlertsConfig, found: dict[Thing, Finding]) -> None:
    rules = config.common
    if seen.worker_seen_at is not None:
        away_s = abs((seen.now - seen.worker_seen_at).total_seconds())
        if away_s >= rules.worker_away.after_min * 60:
            detail = f"it was last seen at {seen.worker_seen_at:%d %b %H:%M} UTC; {seen.questions} questions wait"
            found[Thing(AlertKind.WORKER_AWAY, "", "worker")] = Finding(AlertFacts(detail=detail), CONFIRM_S)
    if seen.oldest_question_at is not None:
        waits_s = (seen.now - seen.oldest_question_at).total_seconds()
        if waits_s >= rules.queue_old.after_min * 60:
            detail = f"the oldest of {seen.questions} questions to the model has waited for {waits_s / 60:.0f} min"
            found[Thing(AlertKind.QUEUE_OLD, "", "queue")] = Finding(AlertFacts(detail=detail), CONFIRM_S)
    if seen.cap is not None:
        found[Thing(AlertKind.CAP_REACHED, "", "cap")] = Finding(AlertFacts(detail=seen.cap[:1000]), 0.0)


def _look_at_disks(
    seen: Observation, config: AlertsConfig, known: frozenset[Thing], found: dict[Thing, Finding]
) -> None:
    for folder, free_bytes in seen.free_bytes.items():
        thing = Thing(AlertKind.DISK_LOW, "", folder[-200:])
        limit = config.common.disk_low.min_free_gb * _GB * (_ROOM_AGAIN if thing in known else 1.0)
        if free_bytes < limit:
            detail = f"{free_bytes / _GB:.1f} GB are free in {folder}"
            found[thing] = Finding(AlertFacts(detail=detail[:1000]), 0.0)


def _facts(camera: CameraState, detail: str) -> AlertFacts:
    return AlertFacts(camera_id=camera.camera_id, detail=detail)


@dataclass(frozen=True, slots=True)
class Changes:
    """What began and what is over, and since when (monotonic seconds) what was found has held."""

    begun: Mapping[Thing, AlertFacts]
    over: tuple[Thing, ...]
    since_s: Mapping[Thing, float]


def changes(found: Look, since_s: Mapping[Thing, float], lasting: Iterable[Thing], now_s: float) -> Changes:
    """What has come to hold long enough, and what lasted and holds no longer. `since_s` is of the look before."""
    known = frozenset(lasting)
    held = {thing: since_s.get(thing, now_s) for thing in found.found}
    begun = {
        thing: one.facts
        for thing, one in found.found.items()
        if thing not in known and now_s - held[thing] >= one.for_s
    }
    over = tuple(thing for thing in known if thing not in found.found and thing not in found.unknown)
    return Changes(begun, over, held)
