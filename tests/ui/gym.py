"""A real backend on a port of its own, and uses of machines to fill it with: each outcome that a session can have."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import requests

from backend_api.app import Settings, create_app
from backend_api.base.clock import SystemClock
from backend_api.contract.cameras import CameraReport, CameraSetup
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import NO_PICTURES, PICTURES, ClipInfo, Event, EventType, make_event_id
from backend_api.contract.sessions import Cleaned, SessionOutcome
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import Verdict
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from backend_api.web.auth import Keys
from backend_api.web.keys_file import KeyEntry
from backend_api.web.server import listen, serve
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

STORE = "gym_demo"
# A session's length, the pause until somebody cleans, and how long there is for it.
STAY_S, PAUSE_S, WINDOW_S = 60.0, 10.0, 120.0
# A window that is open stays so for longer than any test takes.
OPEN_S = 3600.0
_LEASE_S = 60.0
_JUDGED = {SessionOutcome.CLEANED, SessionOutcome.NOT_CLEANED, SessionOutcome.CANNOT_TELL}


class GymClock(SystemClock):
    """The computer's clock, which stands still for one thread while that says so: the backend's go by the real time."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def now(self) -> datetime:
        """The instant at which it stands, else the real one."""
        return getattr(self._of_thread, "instant", None) or super().now()

    @contextmanager
    def standing_at(self, instant: datetime) -> Iterator[None]:
        """Let it stand at `instant` for this thread."""
        self._of_thread.instant = instant
        try:
            yield
        finally:
            self._of_thread.instant = None


@dataclass
class Gym:
    """A running backend; events go in over HTTP, verdicts through the store, as a worker's do.

    Times are real: `ago_s` is seconds before now.
    """

    url: str
    store: Store
    media: MediaFolder
    database: Path
    clock: GymClock
    key: str | None = None
    http: requests.Session = field(default_factory=requests.Session)

    def add_session(
        self,
        outcome: SessionOutcome,
        *,
        ago_s: float = 600.0,
        at: datetime | None = None,
        machine_id: str = "treadmill_01",
        camera_id: str = "cam_01",
        store_id: str = STORE,
        with_clips: bool = False,
        silent: bool = False,
        cleaned: Cleaned = Cleaned.IN_WINDOW,
        ends_judged: bool = False,
        **result: object,
    ) -> Event:
        """A use of a machine that began `ago_s` ago, or `at`, and came to `outcome`; its last event.

        One that was `cleaned` before leaving has no attempt. With `ends_judged` its END got the same verdict as the
        attempt, or, without one, `not_cleaned`; then it is the END that is returned.

        One that waits for the model must be the last to be added: the next verdict would be its. The events of a
        `silent` one came in when they happened, and nothing of their camera since. `result` is MmResult's.
        """
        start = at or SystemClock().now() - timedelta(seconds=ago_s)
        where = {"machine_id": machine_id, "camera_id": camera_id, "store_id": store_id}
        session_id = make_event_id(store_id, camera_id, machine_id, EventType.MACHINE_OCCUPIED_START, start)
        last = end = None
        is_before = outcome is SessionOutcome.CLEANED and cleaned is Cleaned.BEFORE_LEAVING
        told = SessionOutcome.NOT_ATTEMPTED if is_before else outcome
        self.store.enrichments.judge_ends(is_on=is_before or ends_judged)
        for event_type, ts, attributes in _story(told, start):
            last = self.add_event(
                with_clip=with_clips,
                silent=silent,
                event_type=event_type,
                ts=ts,
                attributes=attributes,
                session_id=session_id,
                **where,
            )
            end = last if event_type is EventType.MACHINE_OCCUPIED_END else end
        assert last is not None
        if told in _JUDGED:
            self.judge(Verdict(outcome.value), **result)
        elif outcome is SessionOutcome.FAILED:
            self.give_up("the clip is damaged")
        elif outcome is SessionOutcome.NO_USE:
            self.store.corrections.add(last.session_id, UseCorrection(truth=UseTruth.NOBODY))
        if is_before or ends_judged:
            assert end is not None
            self.judge(Verdict(outcome.value) if outcome in _JUDGED else Verdict.NOT_CLEANED, **result)
            self.store.enrichments.judge_ends(is_on=False)
            return end
        return last

    def add_event(self, *, with_clip: bool = False, silent: bool = False, **fields: object) -> Event:
        """Post one event; `with_clip` lays a clip that plays and a picture into the media folder first."""
        event = make_event(**fields)
        if with_clip:
            clip = make_clip(self.media.clip_path(event.event_id), event.ts)
            self.media.thumbnail_path(event.event_id).write_bytes(make_picture())
            event = event.model_copy(update={"clip": clip})
        if silent:
            with self._store_at(event.ts) as store:
                store.events.add([event])
        else:
            self._send("POST", "/events", event.model_dump_json())
        return event

    def judge(self, verdict: Verdict, **result: object) -> None:
        """Give the attempt that waits its verdict, or the END."""
        claim = self.store.enrichments.claim(_LEASE_S, awaits_late=False)
        assert claim is not None
        assert self.store.enrichments.finish(claim, make_result(verdict=verdict, **result))

    def give_up(self, error: str) -> None:
        """Let the attempt that waits be DEAD."""
        claim = self.store.enrichments.claim(_LEASE_S)
        assert claim is not None
        assert self.store.enrichments.fail(claim, error, None)

    def report(
        self, camera_id: str = "cam_01", *, ago_s: float = -3600.0, store_id: str = STORE, **fields: object
    ) -> None:
        """A camera's report, which came `ago_s` ago and is its last; it stays young for as long as any test takes."""
        at = SystemClock().now() - timedelta(seconds=ago_s)
        report = CameraReport.model_validate(
            {
                "store_id": store_id,
                "media_time_s": 100.0,
                "frames_captured": 3000,
                "frames_processed": 500,
                "frames_skipped": 2500,
                "outbox_depth": 0,
                "version": "0.1.0",
                "started_at": at - timedelta(seconds=100),
            }
            | fields
        )
        with self.clock.standing_at(at):
            self.store.cameras.report(camera_id, report)

    def set_up(self, setup: CameraSetup, camera_id: str = "cam_01") -> None:
        """What a camera's edge watches."""
        self._send("PUT", f"/cameras/{camera_id}/setup", setup.model_dump_json())

    @contextmanager
    def _store_at(self, instant: datetime) -> Iterator[Store]:
        with closing(Store.open(self.database, FakeClock(instant), create=False)) as store:
            yield store

    def _send(self, method: str, path: str, body: str) -> None:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        response = self.http.request(method, self.url + path, data=body, headers=headers, timeout=30)
        assert response.ok, response.text


@contextmanager
def running_gym(folder: Path, key: str | None = None, port: int = 0, named: Sequence[KeyEntry] = ()) -> Iterator[Gym]:
    """A real backend over a database and media in `folder`, made when missing; it asks for `key` when there is one.

    It knows the `named` keys, too.
    """
    clock, stop = GymClock(), threading.Event()
    database = folder / "app.db"
    media = MediaFolder.open(folder / "media")
    keys = Keys.of([key] if key else [], [], {}, named or None)
    with (
        closing(fresh_store(database, clock)) as store,
        closing(listen("127.0.0.1", port)) as listening,
        requests.Session() as http,
    ):
        # A test says which ends of uses are judged; the backend would ask about all of them in passing.
        store.enrichments.judge_ends(is_on=False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(store, media, clock, Settings(keys=keys))
        server = threading.Thread(target=serve, args=(app, listening, stop))
        server.start()
        try:
            yield Gym(url, store, media, database, clock, key, http)
        finally:
            stop.set()
            server.join()


def make_clip(path: Path, ts: datetime) -> ClipInfo:
    """Two seconds of H.264 that a browser plays, at `path`."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for shade in range(20):
            picture = np.full((90, 160, 3), 10 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    content = path.read_bytes()
    return ClipInfo(
        start_ts=ts,
        end_ts=ts + timedelta(seconds=2),
        codec="h264",
        width=160,
        height=90,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def make_picture() -> bytes:
    """A small grey JPEG."""
    return cv2.imencode(".jpg", np.full((90, 160, 3), 120, np.uint8))[1].tobytes()


def _story(outcome: SessionOutcome, start: datetime) -> Iterator[tuple[EventType, datetime, dict[str, object]]]:
    """Type, time and attributes of each event of a session that comes to `outcome`."""
    left = start + timedelta(seconds=STAY_S)
    yield EventType.MACHINE_OCCUPIED_START, start, {}
    if outcome is SessionOutcome.IN_USE:
        return
    reason = "end_of_stream" if outcome is SessionOutcome.NO_WINDOW else "left"
    yield EventType.MACHINE_OCCUPIED_END, left, {"occupied_s": STAY_S, "end_reason": reason}
    if outcome is SessionOutcome.NO_WINDOW:
        return
    closes_at = left + timedelta(seconds=OPEN_S if outcome is SessionOutcome.WINDOW_OPEN else WINDOW_S)
    yield EventType.CLEANING_WINDOW_OPEN, left, {"closes_at": format_timestamp(closes_at)}
    if outcome in {SessionOutcome.WINDOW_OPEN, SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NO_USE}:
        return
    unseen = {PICTURES: NO_PICTURES} if outcome is SessionOutcome.NOT_JUDGED else {}
    yield EventType.CLEANING_ATTEMPT, left + timedelta(seconds=PAUSE_S), {"seconds_into_window": PAUSE_S, **unseen}
