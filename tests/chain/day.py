"""What a day of the chain sends: events in the order of their times, clips of attempts, and heartbeats."""

import hashlib
import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend_api.contract.cameras import CameraReport, CameraReports, NamedReport
from backend_api.contract.events import ClipInfo, Event, EventType, make_event_id
from backend_api.contract.values import format_timestamp
from tests.benchmarks.load import request
from tests.chain.size import CLIP_S, Size

_MEAN_USE_S, _WINDOW_S = 600.0, 120.0
# How full gyms are from 6 to 23 o'clock, hour by hour.
_BUSY = (3, 4, 4, 3, 3, 3, 4, 4, 3, 3, 4, 6, 9, 10, 8, 5, 3)
_FIRST_HOUR = 6


@dataclass(frozen=True, slots=True)
class Clip:
    """A real clip; each attempt's is made another one by bytes that players skip."""

    content: bytes
    width: int
    height: int

    def of(self, event_id: str) -> bytes:
        """The clip of that event."""
        mark = event_id.encode()
        return self.content + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark


@dataclass(frozen=True, slots=True)
class Sent:
    """What one event puts on the wire: its files first, as an edge does."""

    files: list[bytes]
    event: bytes


def make_day(size: Size, begin: datetime, clip: Clip, thumbnail: bytes, rng: random.Random) -> list[Sent]:
    """The requests of `size.uses` uses within the day that begins at `begin`.

    The first `size.verdicts` attempts have a clip and wait for the model; of the others no pictures were kept.
    """
    events = sorted(_all_events(size, begin, rng), key=lambda event: event.ts)
    left, sent = size.verdicts, []
    for event in events:
        files: list[bytes] = []
        if event.needs_mm and left:
            left -= 1
            content = clip.of(str(event.event_id))
            event = _with_clip(event, clip, content)
            files = [
                _upload(f"/media/{event.event_id}", content, "video/mp4"),
                _upload(f"/media/{event.event_id}/thumbnail", thumbnail, "image/jpeg"),
            ]
        body = event.model_dump_json().encode()
        sent.append(Sent(files, request("POST", "/events", body, {"Content-Type": "application/json"})))
    return sent


def make_heartbeats(size: Size, gyms: int, begin: datetime) -> list[bytes]:
    """The reports of the first `gyms` gyms, each of which has one edge for all of its cameras."""
    requests = []
    for gym in range(min(gyms, size.gyms)):
        reports = CameraReports(reports=tuple(_reports(size, gym, begin)))
        body = reports.model_dump_json().encode()
        requests.append(request("PUT", "/cameras", body, {"Content-Type": "application/json"}))
    return requests


def _reports(size: Size, gym: int, begin: datetime) -> Iterator[NamedReport]:
    for number in range(gym * size.cameras, (gym + 1) * size.cameras):
        store_id, camera_id, _ = place(size, number * size.machines)
        report = CameraReport(
            store_id=store_id,
            media_time_s=3600.0,
            frames_captured=90_000,
            frames_processed=18_000,
            frames_skipped=0,
            outbox_depth=0,
            last_error=None,
            version="simulated",
            started_at=begin,
            detector="onnx",
        )
        yield NamedReport(camera_id=camera_id, report=report)


def place(size: Size, machine: int) -> tuple[str, str, str]:
    """Gym, camera and machine of the chain's machine number `machine`, from 0."""
    camera, in_camera = divmod(machine, size.machines)
    gym, in_gym = divmod(camera, size.cameras)
    return f"gym_{gym:04d}", f"cam_{in_gym:02d}", f"machine_{in_camera}"


def _all_events(size: Size, begin: datetime, rng: random.Random) -> Iterator[Event]:
    for use in range(size.uses):
        hour = rng.choices(range(len(_BUSY)), _BUSY)[0] + _FIRST_HOUR
        at = begin + timedelta(hours=hour, seconds=rng.uniform(0, 3600))
        names = place(size, rng.randrange(size.all_machines))
        yield from _use(names, at, rng.expovariate(1 / _MEAN_USE_S), has_attempt=use % 2 == 0)


def _use(names: tuple[str, str, str], at: datetime, lasts_s: float, *, has_attempt: bool) -> Iterator[Event]:
    start = _event(names, EventType.MACHINE_OCCUPIED_START, at)
    ended = at + timedelta(seconds=lasts_s)
    closes = ended + timedelta(seconds=_WINDOW_S)
    yield start
    session: dict[str, object] = {"session_id": start.event_id}
    ends: dict[str, object] = {"occupied_s": lasts_s, "end_reason": "left", "pictures": "none"}
    yield _event(names, EventType.MACHINE_OCCUPIED_END, ended, session, ends)
    yield _event(names, EventType.CLEANING_WINDOW_OPEN, ended, session, {"closes_at": format_timestamp(closes)})
    if has_attempt:
        attempted = ended + timedelta(seconds=20)
        yield _event(names, EventType.CLEANING_ATTEMPT, attempted, session, {"pictures": "none"})


def _event(
    names: tuple[str, str, str],
    kind: EventType,
    at: datetime,
    session: dict[str, object] | None = None,
    attributes: dict[str, object] | None = None,
) -> Event:
    store_id, camera_id, machine_id = names
    ts = at.replace(microsecond=at.microsecond // 1000 * 1000)
    event_id = make_event_id(store_id, camera_id, machine_id, kind, ts)
    fields: dict[str, object] = {
        "event_id": event_id,
        "event_type": kind,
        "store_id": store_id,
        "camera_id": camera_id,
        "machine_id": machine_id,
        "session_id": event_id,
        "ts": ts,
        "media_time_s": 3600.0,
        "track_id": 1,
        "confidence": 0.9,
        "needs_mm": kind is EventType.CLEANING_ATTEMPT,
        "attributes": attributes or {},
    }
    return Event.model_validate(fields | (session or {}))


def _with_clip(event: Event, clip: Clip, content: bytes) -> Event:
    info = ClipInfo(
        start_ts=event.ts - timedelta(seconds=CLIP_S / 2),
        end_ts=event.ts + timedelta(seconds=CLIP_S / 2),
        codec="h264",
        width=clip.width,
        height=clip.height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return event.model_copy(update={"clip": info, "attributes": {}})


def _upload(path: str, content: bytes, media_type: str) -> bytes:
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    return request("PUT", path, content, {"Content-Type": media_type, "Content-Digest": f"sha-256=:{digest}:"})
