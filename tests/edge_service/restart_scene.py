"""One camera over a scripted world, put together as main.py does it, that can be killed and started again."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event as Signal
from uuid import UUID

from backend_api.base.durable_files import Disk
from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.events import BatchResult, Event, EventType
from backend_api.contract.media import clip_name
from backend_api.contract.sources import EventSource
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.media_folder import remove_leftovers
from edge_service.clips.pictures import StillSlot
from edge_service.clips.recorder import Recorder
from edge_service.clips.timing import ClipConfig, reach_s
from edge_service.delivery.batch_delivery import Courier, Idle
from edge_service.detection.detector import Detection
from edge_service.outbox.outbox import DEFAULT_MAX_BYTES, Outbox
from edge_service.pipeline.camera_loop import Camera, CameraLoop
from edge_service.pipeline.checkpoint import Checkpoint, CheckpointFile, Run
from edge_service.pipeline.lookout import KeyLookout, longest_group_s
from edge_service.pipeline.progress import RunCounts
from edge_service.pipeline.recovery import recover
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.tracking.tracker import Tracker
from edge_service.tracking.witness import Witness
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, Decoding
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.crashing_disk import Crash
from tests.edge_service.scripted import IN_ZONE, Interval, machine, present
from tests.fake_clock import FakeClock

START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
RULES = RuleTimes(enter_s=1.0, exit_s=2.0, attempt_s=0.6, window_s=4.0)
# A use, then somebody who wipes and stays for a use that the video ends in.
WORLD: tuple[Interval, ...] = ((0.4, 3.0), (6.0, 8.0))
VIDEO_S = 9
FPS = 5.0
_CLIP = ClipConfig(pre_s=0.5, post_s=2.5)


@dataclass
class Ledger:
    """A backend that remembers the body of every event, and every body that contradicts one that it has.

    It cannot be reached for the next `outages` requests.
    """

    bodies: dict[UUID, bytes] = field(default_factory=dict)
    contradictions: list[bytes] = field(default_factory=list)
    outages: int = 0

    def post(self, ndjson: bytes) -> Answer:
        if self.outages:
            self.outages -= 1
            raise NoAnswer("connection refused")
        lines = ndjson.splitlines()
        for body in lines:
            if self.bodies.setdefault(UUID(json.loads(body)["event_id"]), body) != body:
                self.contradictions.append(body)
        answer = BatchResult(stored=len(lines), duplicates=0, rejected=[])
        return Answer(200, answer.model_dump_json().encode())

    def events(self) -> list[Event]:
        """All events, by their time and then by what ends before what begins."""
        events = [Event.model_validate_json(body) for body in self.bodies.values()]
        return sorted(events, key=lambda event: (event.ts, event.event_type is EventType.MACHINE_OCCUPIED_START))


@dataclass
class Scene:
    """A `world` of stays that goes on while the edge is down; `folder` outlives the edge's runs, and so does `ledger`.

    `seen_s` and `looked_s` are the seconds after START_TIME at which somebody was seen, and anything was looked at;
    `promised` are those whose rule events were in a checkpoint. One that `is_thrifty` skips groups of pictures where it
    may. Every `delivery_looks`-th look, what waits is sent.
    """

    video: Path
    folder: Path
    world: Sequence[Interval] = WORLD
    machines: Sequence[Machine] = (machine(RULES),)
    witness: Witness | None = None
    is_thrifty: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    seen_s: list[float] = field(default_factory=list)
    looked_s: list[float] = field(default_factory=list)
    promised: set[UUID] = field(default_factory=set)
    delivery_looks: int = 8
    clip: ClipConfig = _CLIP
    outbox_max_bytes: int = DEFAULT_MAX_BYTES
    eyes: EventSource | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)

    @property
    def last_look_s(self) -> float:
        """When the edge last looked at the world, in seconds after START_TIME; 0 when it never did."""
        return max(self.looked_s, default=0.0)

    def copy(self, folder: Path) -> "Scene":
        """A scene of its own that goes on from where this one is, in `folder`, which is made."""
        shutil.copytree(self.folder, folder)
        ledger = Ledger(dict(self.ledger.bodies), list(self.ledger.contradictions))
        return replace(
            self,
            folder=folder,
            ledger=ledger,
            seen_s=[*self.seen_s],
            looked_s=[*self.looked_s],
            promised={*self.promised},
        )

    def run(
        self,
        disk: Disk,
        *,
        begins_s: float = 0.0,
        stops_s: float = 1e9,
        dies_s: float = 1e9,
        view: str = "world",
        store_id: str = "gym",
    ) -> RunCounts:
        """Run the edge `begins_s` seconds after START_TIME.

        At `stops_s` seconds of media time it is told to stop, at `dies_s` it dies of a Crash, at the end of the video
        it ends. `view` and `store_id` are what the run says that it watches. Returns what it counted.
        """
        clock, stop = FakeClock(), Signal()
        run = Run(view, store_id, "cam_01", START_TIME + timedelta(seconds=begins_s))
        remove_leftovers(self.folder, disk)
        with Outbox.open(self.folder, "cam_01", disk, max_bytes=self.outbox_max_bytes) as outbox:
            courier = Courier(outbox, self.ledger, clock, "backend")
            checkpoint_file = _Promises(self.folder / "cam_01.checkpoint", disk, self.promised)
            recovery = recover(checkpoint_file.load(), run, self.machines, outbox)
            ring = PacketRing(reach_s([one.rules for one in self.machines], self.clip, fps=FPS))
            factory = EventFactory(
                run.store_id,
                run.camera_id,
                run.start_time,
                self.machines,
                clock_steps=recovery.clock_steps,
                source=self.eyes,
            )
            masking = Masking(PrivacyConfig())
            eye = _Eye(self, begins_s, courier, stops_s, dies_s, stop)
            lookout = KeyLookout(eye, self.machines, recovery.rules, 0.4) if self.is_thrifty else None
            decoding = WHOLE if lookout is None else Decoding(lookout=lookout, longest_s=longest_group_s(self.machines))
            camera = Camera(
                source=FileSource(self.video, fps=FPS, ring=ring, decoding=decoding),
                detector=lookout or eye,
                tracker=Tracker(),
                witness=self.witness,
                rules=recovery.rules,
                recorder=Recorder(ring, self.folder, disk, factory, self.machines, self.clip, masking),
                outbox=outbox,
                masking=masking,
                still=StillSlot(masking),
            )
            camera_loop = CameraLoop(camera, run, checkpoint_file, clock)
            camera_loop.begin(recovery)
            camera_loop.run(1.0, stop)
            while courier.deliver_batch() != Idle():
                pass
            return camera_loop.counts()

    def left_open(self) -> list[object]:
        """What a later run would take over: pending rule events and sessions."""
        checkpoint = json.loads((self.folder / "cam_01.checkpoint").read_bytes())["checkpoint"]
        sessions = [state["session"] for state in checkpoint["rules"]["machines"].values() if state["session"]]
        return [*checkpoint["pending"], *sessions]

    def check_media(self) -> None:
        """Every clip that an event names is there, whole; no file is half."""
        for event in self.ledger.events():
            if event.clip is not None:
                data = (self.folder / clip_name(event.event_id)).read_bytes()
                assert (len(data), sha256(data).hexdigest()) == (event.clip.bytes, event.clip.sha256)
        assert not list(self.folder.glob("*.tmp"))


class _Eye:
    """Sees who is there in the world; once in a while lets the outbox be sent, and stops the run when it is time."""

    def __init__(
        self, scene: Scene, begins_s: float, courier: Courier, stops_s: float, dies_s: float, stop: Signal
    ) -> None:
        self._scene = scene
        self._begins_s = begins_s
        self._courier = courier
        self._stops_s = stops_s
        self._dies_s = dies_s
        self._stop = stop
        self._looks = 0

    def detect(self, frame: Frame) -> Sequence[Detection]:
        self._looks += 1
        if self._looks % self._scene.delivery_looks == 0:
            self._courier.deliver_batch()
        if frame.time_s >= self._dies_s:
            raise Crash
        if frame.time_s >= self._stops_s:
            self._stop.set()
        time_s = round(self._begins_s + frame.time_s, 3)
        self._scene.looked_s.append(time_s)
        if not present(self._scene.world, time_s):
            return []
        self._scene.seen_s.append(time_s)
        return [Detection(IN_ZONE, 0.8)]


class _Promises(CheckpointFile):
    """Notes which events are promised by what it has stored."""

    def __init__(self, path: Path, disk: Disk, promised: set[UUID]) -> None:
        super().__init__(path, disk)
        self._promised = promised

    def store(self, checkpoint: Checkpoint) -> None:
        super().store(checkpoint)
        factory = EventFactory(checkpoint.run.store_id, checkpoint.run.camera_id, checkpoint.run.start_time)
        self._promised |= {factory.event_id(rule_event) for rule_event in checkpoint.pending}
