"""One camera, from its outbox to its last event: what the edge does once, or in a thread for each of its cameras."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from threading import Event

from backend_api.base.clock import Clock
from backend_api.base.durable_files import Disk
from backend_api.base.process import EXIT_DONE, EXIT_FAILED
from backend_api.contract.events import EventType
from backend_api.contract.sources import EventSource
from backend_api.contract.values import to_milliseconds
from edge_service.clips.event_factory import EventFactory
from edge_service.clips.pictures import StillSlot
from edge_service.clips.recorder import Recorder
from edge_service.clips.timing import reach_s
from edge_service.config import Config
from edge_service.delivery.backend_client import BackendClient
from edge_service.delivery.sender import DRAIN_PATIENCE_S, STOPPED_PATIENCE_S, Sender
from edge_service.delivery.shared_folder import FolderAwareTransport, SharedFolder
from edge_service.delivery.uploading import UploadingTransport
from edge_service.detection.detector import Detector
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import Hardware, OnnxDetector, open_onnx_detector
from edge_service.detection.region import WHOLE, region_of
from edge_service.detection.runtime import Networks
from edge_service.outbox.outbox import Outbox
from edge_service.pipeline.camera_loop import Camera, CameraLoop
from edge_service.pipeline.checkpoint import CheckpointFile, Run
from edge_service.pipeline.eyes import Eyes, log_eyes
from edge_service.pipeline.lookout import KeyLookout, choose_decoding
from edge_service.pipeline.looks import Looks, LookSlot
from edge_service.pipeline.open_source import open_source
from edge_service.pipeline.preview_video import PreviewVideo, preview_of
from edge_service.pipeline.progress import RunCounts
from edge_service.pipeline.recovery import Recovery, recover
from edge_service.privacy.core_dumps import forbid_core_dumps
from edge_service.privacy.masking import Masking
from edge_service.rules.machine import Machine
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.sample_video import is_sample
from edge_service.simulation.scenario import Scenario
from edge_service.tracking.tracker import Tracker
from edge_service.tracking.witness import Witness
from edge_service.video.address import VideoAddress, identity
from edge_service.video.group_decoder import DecodeName, Decoding
from edge_service.video.hardware import HardwareDecoding, HwaccelName
from edge_service.video.packet_ring import PacketRing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What is watched, and how: the same for every start of this camera.

    `detector` has its kind; a `start_time` of None is the moment of each start. `speed` is media seconds per second,
    None for as fast as it goes; a file is played `loop` times. `shared_config` is what the backend is told.
    """

    store_id: str
    camera_id: str
    video: VideoAddress
    detect_video: VideoAddress | None
    config: Config
    detector: DetectorConfig
    eyes: EventSource
    seed: int
    speed: float | None
    loop: int
    start_time: datetime | None
    preview: Path | None
    decode: DecodeName
    hwaccel: HwaccelName
    shared_config: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every camera of the process has to do with; a line on progress comes every `progress_interval_s`."""

    media_dir: Path
    outbox_dir: Path
    backend_url: str
    api_key: str | None
    upload_clips: bool
    networks: Networks
    disk: Disk
    clock: Clock
    progress_interval_s: float


class CameraRun:
    """A camera that is open: it can be watched once."""

    def __init__(
        self,
        plan: CameraPlan,
        loop: CameraLoop,
        recovery: Recovery,
        outbox: Outbox,
        sender: Sender,
        still: StillSlot,
        started_at: datetime,
        backend_url: str,
        camera: Camera,
    ) -> None:
        self._camera = camera
        self._backend_url = backend_url
        self.still = still
        self.started_at = started_at
        self._loop = loop
        self._sender = sender
        self._plan = plan
        self._recovery = recovery
        self._outbox = outbox

    def counts(self) -> RunCounts:
        """The counts so far; the frames are those since `started_at`."""
        return self._loop.counts()

    @property
    def delivery_error(self) -> str | None:
        """Why nothing can be delivered at present; None when all is well."""
        return self._sender.last_error

    @property
    def detector(self) -> str:
        """The kind of the detector."""
        return str(self._plan.detector.kind)

    @property
    def network(self) -> Hardware | None:
        """What the detector's network runs on, and how fast; None without one."""
        return None if self._camera.eyes is None else self._camera.eyes.hardware

    @property
    def decoding(self) -> HardwareDecoding | None:
        """What decodes, and why not what was wanted."""
        return self._camera.decoding

    def watch(self, stop: Event, is_reconfigured: Callable[[], bool] = lambda: False) -> None:
        """Watch until the video ends, `stop` is set, or `is_reconfigured` says that it is to be watched otherwise."""
        self._loop.begin(self._recovery)
        self._loop.run(self._plan.speed, stop, is_reconfigured)

    def drain(self, stop: Event) -> int:
        """Send what waits, for as long as that works, and say what is left. Returns the exit code."""
        self._sender.drain(STOPPED_PATIENCE_S if stop.is_set() else DRAIN_PATIENCE_S)
        return log_summary(self._outbox, self._backend_url)


@contextmanager
def open_camera(plan: CameraPlan, around: Surroundings, looks: LookSlot | None = None) -> Iterator[CameraRun]:
    """Open all that the camera needs, send what waits, and answer what is asked of `looks`, until the block is left.

    Raises UsageError when network, video, outbox or preview cannot be used.
    """
    clock, disk = around.clock, around.disk
    started_at = clock.now()
    masking = set_up_masking(plan.config, plan.detector)
    with (
        Outbox.open(around.outbox_dir, plan.camera_id, disk, max_bytes=plan.config.outbox.max_bytes) as outbox,
        closing(BackendClient(around.backend_url, clock, around.api_key)) as backend,
        preview_of(plan.preview, plan.config.machines, masking) as preview,
    ):
        start_time = to_milliseconds(plan.start_time or started_at)
        run = Run(identity(plan.video), plan.store_id, plan.camera_id, start_time)
        checkpoint_file = CheckpointFile(around.outbox_dir / f"{plan.camera_id}.checkpoint", disk)
        recovery = recover(checkpoint_file.load(), run, plan.config.machines, outbox, plan.config.detector.score)
        camera = set_up_camera(plan, around, run, recovery, outbox, masking, preview, looks or LookSlot())
        loop = CameraLoop(camera, run, checkpoint_file, clock, around.progress_interval_s)
        folder = SharedFolder(around.media_dir, lambda: backend.get("/ready"), uploads_untold=around.upload_clips)
        uploading = UploadingTransport(backend, backend, around.media_dir, disk, folder.is_shared)
        transport = FolderAwareTransport(backend, uploading, folder)
        with Sender(
            outbox,
            transport,
            clock,
            SystemRandom(),
            backend_url=around.backend_url,
            most_lines=transport.most_lines,
        ) as sender:
            yield CameraRun(plan, loop, recovery, outbox, sender, camera.still, started_at, around.backend_url, camera)


def set_up_masking(config: Config, detector: DetectorConfig) -> Masking:
    """What the camera's pictures hide; where they hide something, no dump of this process's memory is written."""
    privacy, fps = config.privacy, config.detector.fps
    if privacy.hides or privacy.pictures == "none":
        forbid_core_dumps()
    if privacy.mask != "none" and detector.kind == "mock":
        log.warning(
            "privacy.mask: %s hides the people that the mock detector INVENTS, and nobody else: give the ONNX file of a"
            " detection network with --model, or set privacy.only_zones, or privacy.pictures: none",
            privacy.mask,
        )
    reach = reach_s([machine.rules for machine in config.machines], config.clip, fps=fps, privacy=privacy)
    name = detector.kind if detector.model is None else f"{detector.kind} {detector.model.name}"
    return Masking(privacy, config.machines, reach_s=reach, fps=fps, detector=name)


def set_up_camera(
    plan: CameraPlan,
    around: Surroundings,
    run: Run,
    recovery: Recovery,
    outbox: Outbox,
    masking: Masking,
    preview: PreviewVideo | None,
    looks: LookSlot,
) -> Camera:
    """The parts that one camera's loop works with. Raises UsageError when network or video cannot be used."""
    config = plan.config
    machines, clip, fps = config.machines, config.clip, config.detector.fps
    found = open_detector(plan.detector, machines, plan.seed, around, config.privacy.mask != "none")
    has_witness = plan.detector.kind == "onnx" and bool(plan.detector.still_s)
    detector = KeyLookout(found, machines, recovery.rules, config.detector.score, has_witness=has_witness)
    hardware = HardwareDecoding(plan.hwaccel)
    # On hardware it costs the processor little, and more to be begun anew for each group of pictures.
    decoding = (
        Decoding()
        if hardware.is_there
        else choose_decoding(
            plan.decode, detector, machines, follows_people=masking.follows, has_preview=preview is not None
        )
    )
    decoding = replace(decoding, hardware=hardware, waits=lambda: looks.wanted is not None)
    ring = PacketRing(
        reach_s([m.rules for m in machines], clip, fps=fps, privacy=config.privacy, kept_late_s=decoding.kept_late_s),
    )
    source = open_source(
        plan.video, run.start_time,
        fps=fps, loop=plan.loop, ring=ring, clock=around.clock, decoding=decoding,
        detect_address=plan.detect_video, has_preview=preview is not None,
    )  # fmt: skip
    # Once nothing is wrong with the video, so that a mistake is the first thing that is said.
    log_eyes(plan.eyes, is_sample=isinstance(plan.video, Path) and is_sample(plan.video), video=plan.video)
    log.info(
        "camera %s watches %s for %d machines, from %s on; clips go to %s",
        plan.camera_id, source.description, len(machines),
        run.start_time.isoformat(timespec="seconds"), around.media_dir,
    )  # fmt: skip
    factory = EventFactory(
        run.store_id,
        run.camera_id,
        run.start_time,
        machines,
        clock_steps=recovery.clock_steps,
        source=plan.eyes,
        keeps_pictures=masking.keeps_pictures,
        keeps_end_clips=clip.keeps(EventType.MACHINE_OCCUPIED_END),
    )
    return Camera(
        source=source,
        detector=detector,
        tracker=Tracker(config.detector.score),
        rules=recovery.rules,
        recorder=Recorder(
            ring, around.media_dir, around.disk, factory, machines, clip, masking, is_live=source.is_live
        ),
        outbox=outbox,
        masking=masking,
        still=StillSlot(masking),
        preview=preview,
        witness=Witness(plan.detector.still_s) if has_witness else None,
        eyes=Eyes(plan.eyes, found) if isinstance(found, OnnxDetector) else None,
        decoding=hardware,
        looks=Looks(looks, machines, masking, ring, factory.timestamp, is_live=source.is_live),
    )


def open_detector(
    config: DetectorConfig, machines: Sequence[Machine], seed: int, around: Surroundings, sees_everybody: bool = False
) -> Detector:
    """The detector that `config` names. Raises UsageError when the network cannot be used.

    `sees_everybody`: people who are far from every zone are to be seen, too, such as those who are to be hidden.
    """
    if config.kind == "onnx" and config.model:
        region = WHOLE if sees_everybody else region_of([machine.zone for machine in machines])
        return open_onnx_detector(config.model, config, around.networks.open, region, around.clock)
    return MockDetector(Scenario(seed, machines), seed)


def log_summary(outbox: Outbox, backend_url: str) -> int:
    """Log last what was lost or refused, and whether all is sent or how much waits and where. Returns the exit code."""
    if outbox.refused:
        log.error("the outbox had no room; events lost: %d", outbox.refused)
    if outbox.rejected:
        log.error(
            "the backend refused %d events of this run for good, they are kept in %s: was another video, or another"
            " configuration, run with the same --start-time before?",
            outbox.rejected, outbox.rejected_path,
        )  # fmt: skip
    if outbox.depth:
        log.warning("%s until this camera's edge runs again: %s takes no more at present", outbox.waiting, backend_url)
    else:
        log.info("done: no event waits to be sent")
    return EXIT_FAILED if outbox.refused or outbox.rejected else EXIT_DONE
