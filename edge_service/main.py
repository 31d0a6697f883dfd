"""The edge's entry: puts the parts of one camera together and runs it to the end of its video."""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from backend_api.base.api_key import find_api_key  # noqa: E402
from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.durable_files import Disk, make_writable  # noqa: E402
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, UsageError, project_version, run_process, stop_on_signals  # noqa: E402
from backend_api.contract.sources import EventSource  # noqa: E402
from backend_api.contract.values import to_milliseconds  # noqa: E402
from edge_service.clips.event_factory import EventFactory  # noqa: E402
from edge_service.clips.media_folder import remove_leftovers  # noqa: E402
from edge_service.clips.pictures import StillSlot  # noqa: E402
from edge_service.clips.recorder import Recorder, reach_s  # noqa: E402
from edge_service.config import DEFAULT_CONFIG, SAMPLE_CONFIG, Config, load_config  # noqa: E402
from edge_service.delivery.backend_client import BackendClient  # noqa: E402
from edge_service.delivery.heartbeat import Heartbeat  # noqa: E402
from edge_service.delivery.sender import DRAIN_PATIENCE_S, STOPPED_PATIENCE_S, Sender  # noqa: E402
from edge_service.delivery.shared_folder import FolderAwareTransport, SharedFolder  # noqa: E402
from edge_service.delivery.uploading import UploadingTransport  # noqa: E402
from edge_service.detection.detector import Detector  # noqa: E402
from edge_service.detection.detector_config import DetectorConfig, with_flags  # noqa: E402
from edge_service.detection.onnx_detector import open_onnx_detector  # noqa: E402
from edge_service.detection.region import WHOLE, region_of  # noqa: E402
from edge_service.options import Options, parse_options  # noqa: E402
from edge_service.outbox.outbox import Outbox  # noqa: E402
from edge_service.pipeline.camera_loop import Camera, CameraLoop  # noqa: E402
from edge_service.pipeline.camera_reports import describe_setup, make_reporter, messages_of, shareable_config  # noqa: E402  # noqa: E402
from edge_service.pipeline.checkpoint import CheckpointFile, Run  # noqa: E402
from edge_service.pipeline.eyes import describe_eyes, log_eyes  # noqa: E402
from edge_service.pipeline.open_source import open_source  # noqa: E402
from edge_service.pipeline.preview_video import preview_of  # noqa: E402
from edge_service.pipeline.recovery import Recovery, recover  # noqa: E402
from edge_service.privacy.core_dumps import forbid_core_dumps  # noqa: E402
from edge_service.privacy.masking import Masking  # noqa: E402
from edge_service.rules.machine import Machine  # noqa: E402
from edge_service.simulation.mock_detector import MockDetector  # noqa: E402
from edge_service.simulation.sample_video import is_sample  # noqa: E402
from edge_service.simulation.scenario import Scenario  # noqa: E402
from edge_service.tracking.tracker import Tracker  # noqa: E402
from edge_service.video.address import identity  # noqa: E402
from edge_service.video.file_probe import read_length_s  # noqa: E402
from edge_service.video.packet_ring import PacketRing  # noqa: E402

# A report that is not answered by then is forgotten for the next one.
REPORT_TIMEOUT_S = 3.0

log = logging.getLogger(__name__)


def main() -> int:
    """Watch the video that the command line names. Returns the exit code; raises UsageError."""
    options = parse_options()
    config_path = choose_config(options)
    config = load_config(config_path)
    detector = with_flags(config.detector, options.detector, options.model, runtime=options.runtime)
    eyes = describe_eyes(project_version(), detector, config.machines)
    log_eyes(eyes, is_sample=isinstance(options.video, Path) and is_sample(options.video), video=options.video)
    clock, disk = SystemClock(), Disk()
    make_writable(options.media_dir, "--media-dir")
    make_writable(options.outbox_dir, "--outbox-dir")
    remove_leftovers(options.media_dir, disk)
    backend_url = options.backend_url or config.delivery.backend_url
    api_key = find_api_key(options.api_key, os.environ)
    masking = set_up_masking(config, detector)
    stop = stop_on_signals()
    with (
        Outbox.open(options.outbox_dir, options.camera_id, disk, max_bytes=config.outbox.max_bytes) as outbox,
        closing(BackendClient(backend_url, clock, api_key)) as backend,
        closing(BackendClient(backend_url, clock, api_key, read_s=REPORT_TIMEOUT_S)) as reports,
        preview_of(options.preview, config.machines, masking) as preview,
    ):
        start_time = to_milliseconds(options.start_time or choose_start(options, clock.now()))
        run = Run(identity(options.video), options.store_id, options.camera_id, start_time)
        checkpoint_file = CheckpointFile(options.outbox_dir / f"{options.camera_id}.checkpoint", disk)
        recovery = recover(checkpoint_file.load(), run, config.machines, outbox, config.detector.score)
        camera = set_up_camera(options, config, run, recovery, outbox, disk, clock, masking, eyes)
        shared = shareable_config(config_path, config.delivery.backend_url, detector)
        setup = describe_setup(run.store_id, config.machines, shared)
        camera_loop = CameraLoop(replace(camera, preview=preview), run, checkpoint_file, clock)
        folder = SharedFolder(
            options.media_dir,
            lambda: backend.get("/ready"),
            uploads_untold=options.upload_clips or config.delivery.upload_clips,
        )
        uploading = UploadingTransport(backend, backend, options.media_dir, disk, folder.is_shared)
        transport = FolderAwareTransport(backend, uploading, folder)
        with (
            Sender(
                outbox,
                transport,
                clock,
                SystemRandom(),
                backend_url=backend_url,
                most_lines=transport.most_lines,
            ) as sender,
            Heartbeat(
                messages_of(
                    run.camera_id,
                    make_reporter(
                        run.store_id,
                        clock.now(),
                        project_version(),
                        camera_loop.counts,
                        lambda: sender.last_error,
                        detector=detector.kind,
                    ),
                    setup,
                    camera.still,
                ),
                reports,
                clock,
            ),
        ):
            camera_loop.begin(recovery)
            camera_loop.run(options.speed, stop)
            sender.drain(STOPPED_PATIENCE_S if stop.is_set() else DRAIN_PATIENCE_S)
        return log_summary(outbox, backend_url)


def choose_config(options: Options) -> Path:
    """The file of --config, else the one that belongs to the video: the sample's own, or config.yaml."""
    if options.config is not None:
        return options.config
    if not (isinstance(options.video, Path) and is_sample(options.video)):
        return DEFAULT_CONFIG
    log.info("%s is the drawn sample: machines and rules are those of %s", options.video, SAMPLE_CONFIG)
    return SAMPLE_CONFIG


def choose_start(options: Options, now: datetime) -> datetime:
    """The wall-clock time of the video's first frame where --start-time does not say: so that no event is ahead of it.

    That is `now` for a live camera and for a file at speed 1. A file that is played faster began earlier: at the end of
    the run its last frame is of that moment. Raises UsageError for one that is played faster and for ever, or whose
    length is not known.
    """
    if not isinstance(options.video, Path) or (options.speed is not None and options.speed <= 1):
        return now
    if not options.loop:
        raise UsageError("--loop 0 at more than --speed 1 would run ahead of the clock: give --loop N, or --start-time")
    length_s = read_length_s(options.video)
    if length_s is None:
        raise UsageError(f"{options.video}: does not say how long it is: give --start-time, or --speed 1")
    ahead = 1.0 if options.speed is None else 1 - 1 / options.speed
    return now - timedelta(seconds=options.loop * length_s * ahead)


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
    options: Options,
    config: Config,
    run: Run,
    recovery: Recovery,
    outbox: Outbox,
    disk: Disk,
    clock: Clock,
    masking: Masking,
    eyes: EventSource,
) -> Camera:
    """The parts that one camera's loop works with. Raises UsageError when network or video cannot be used."""
    machines, clip, fps = config.machines, config.clip, config.detector.fps
    detector_config = with_flags(config.detector, options.detector, options.model, runtime=options.runtime)
    detector = open_detector(detector_config, machines, options.seed, config.privacy.mask != "none")
    ring = PacketRing(
        reach_s([m.rules for m in machines], clip, fps=fps, privacy=config.privacy),
    )
    source = open_source(options.video, run.start_time, fps=fps, loop=options.loop, ring=ring, clock=clock)
    log.info(
        "camera %s watches %s for %d machines, from %s on; clips go to %s",
        options.camera_id, source.description, len(machines),
        run.start_time.isoformat(timespec="seconds"), options.media_dir,
    )  # fmt: skip
    factory = EventFactory(
        run.store_id,
        run.camera_id,
        run.start_time,
        machines,
        clock_steps=recovery.clock_steps,
        source=eyes,
        keeps_pictures=masking.keeps_pictures,
    )
    return Camera(
        source=source,
        detector=detector,
        tracker=Tracker(config.detector.score),
        rules=recovery.rules,
        recorder=Recorder(ring, options.media_dir, disk, factory, machines, clip, masking, is_live=source.is_live),
        outbox=outbox,
        masking=masking,
        still=StillSlot(masking),
    )


def open_detector(
    config: DetectorConfig, machines: Sequence[Machine], seed: int, sees_everybody: bool = False
) -> Detector:
    """The detector that `config` names. Raises UsageError when the network cannot be used.

    `sees_everybody`: people who are far from every zone are to be seen, too, such as those who are to be hidden.
    """
    if config.kind == "onnx" and config.model:
        region = WHOLE if sees_everybody else region_of([machine.zone for machine in machines])
        return open_onnx_detector(config.model, config, region=region)
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


if __name__ == "__main__":
    run_process(main)
