"""The edge's entry: what the command line and the configuration name is watched, one camera or several."""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from threading import Event

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from backend_api.base.api_key import find_api_key  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.durable_files import Disk, make_writable  # noqa: E402
from backend_api.base.process import UsageError, project_version, run_process, speaking_as, stop_on_signals  # noqa: E402
from backend_api.base.watchdog import Watchdog  # noqa: E402
from edge_service.camera_run import CameraPlan, CameraRun, Surroundings  # noqa: E402
from edge_service.cameras import CameraConfig, load_cameras  # noqa: E402
from edge_service.clips.media_folder import remove_leftovers  # noqa: E402
from edge_service.config import DEFAULT_CONFIG, SAMPLE_CONFIG, Config, load_config  # noqa: E402
from edge_service.delivery.backend_client import BackendClient, Put  # noqa: E402
from edge_service.delivery.heartbeat import Heartbeat, Message  # noqa: E402
from edge_service.detection.detector_config import with_flags  # noqa: E402
from edge_service.detection.runtime import Networks  # noqa: E402
from edge_service.detection.turns import Turns  # noqa: E402
from edge_service.options import Options, check_for_files, check_preview, parse_options  # noqa: E402
from edge_service.pipeline.camera_reports import ReportedCamera, messages_of, reports_of_all, shareable_config  # noqa: E402
from edge_service.pipeline.camera_threads import CameraThreads, Watch  # noqa: E402
from edge_service.pipeline.eyes import describe_eyes  # noqa: E402
from edge_service.pipeline.looks import LookSlot  # noqa: E402
from edge_service.pipeline.progress import INTERVAL_S  # noqa: E402
from edge_service.simulation.sample_video import is_sample  # noqa: E402
from edge_service.video.address import VideoAddress  # noqa: E402
from edge_service.video.file_probe import read_length_s  # noqa: E402
from edge_service.watched_camera import WatchedCamera  # noqa: E402
from edge_service.zones.follower import Backend, ZoneFollower  # noqa: E402
from edge_service.zones.zone_file import ZoneFile  # noqa: E402

# A report that is not answered by then is forgotten for the next one.
REPORT_TIMEOUT_S = 3.0
# Of a file that would have begun before that the length is wrong, or the number of times that it is played.
_MOST_PAST_S = 5 * 365 * 86_400.0

log = logging.getLogger(__name__)


def main() -> int:
    """Watch what the command line names. Returns the exit code; raises UsageError."""
    options = parse_options()
    config_path = choose_config(options)
    clock, disk = SystemClock(), Disk()
    one = plan_one(options, config_path, clock.now())
    plans = plan_cameras(options, config_path, clock.now()) if one is None else [one]
    make_writable(options.media_dir, "--media-dir")
    make_writable(options.outbox_dir, "--outbox-dir")
    remove_leftovers(options.media_dir, disk)
    delivery = plans[0].config.delivery
    around = Surroundings(
        media_dir=options.media_dir,
        outbox_dir=options.outbox_dir,
        backend_url=options.backend_url or delivery.backend_url,
        api_key=find_api_key(options.api_key, os.environ),
        upload_clips=options.upload_clips or delivery.upload_clips,
        networks=Networks(None if one is not None else Turns(os.cpu_count() or 1)),
        disk=disk,
        clock=clock,
        progress_interval_s=INTERVAL_S * len(plans),
    )
    stop = stop_on_signals()
    with closing(BackendClient(around.backend_url, clock, around.api_key, read_s=REPORT_TIMEOUT_S)) as reports:
        watchdog = Watchdog(clock, os.environ)
        cameras = [watched(plan, options, config_path, around, reports, watchdog) for plan in plans]
        if one is None:
            return watch_all(cameras, around, reports, stop)
        return watch_one(cameras[0], around, reports, stop)


def watch_one(camera: WatchedCamera, around: Surroundings, reports: Put, stop: Event) -> int:
    """Watch the one camera. Returns the exit code; raises what it fails of."""
    with ExitStack() as stack:
        heartbeat = Heartbeat(messages_of_camera(camera), reports, around.clock)
        is_begun = False

        def begin() -> None:
            # Once: a camera that is opened anew is reported on meanwhile, too.
            nonlocal is_begun
            if not is_begun:
                is_begun = True
                stack.enter_context(heartbeat)

        def end(run: CameraRun) -> int:
            with stack.pop_all():
                return run.drain(stop)

        return camera.watch(stop, end, begin)


def watch_all(cameras: Sequence[WatchedCamera], around: Surroundings, reports: Put, stop: Event) -> int:
    """Watch every camera in a thread of its own, and report on all. Returns the exit code."""

    def watch_of(camera: WatchedCamera) -> Watch:
        def run(wait_for_others: Callable[[], None]) -> int:
            def end(run: CameraRun) -> int:
                wait_for_others()
                return run.drain(stop)

            return camera.watch(stop, end)

        is_endless = not isinstance(camera.plan.video, Path) or camera.plan.loop == 0
        return Watch(camera.plan.camera_id, is_endless, run, camera.reported.fails)

    each = [[replace(said, speaker=camera.plan.camera_id) for said in messages_of_camera(camera)] for camera in cameras]
    all_at_once = reports_of_all(
        [(camera.plan.camera_id, camera.reported.report) for camera in cameras], [report for report, *_ in each]
    )
    messages = [all_at_once, *(said for _, *others in each for said in others)]
    log.info("%d cameras are watched, each with its own outbox in %s", len(cameras), around.outbox_dir)
    with Heartbeat(messages, reports, around.clock):
        return CameraThreads([watch_of(camera) for camera in cameras], around.clock, stop).run()


def messages_of_camera(camera: WatchedCamera) -> list[Message]:
    """All that the backend is told of a camera."""
    plan, reported = camera.plan, camera.reported
    return messages_of(plan.store_id, plan.camera_id, reported.report, camera.setup, reported.still)


def watched(
    plan: CameraPlan, options: Options, config_path: Path, around: Surroundings, backend: Backend, watchdog: Watchdog
) -> WatchedCamera:
    """The camera of `plan`, which follows its file unless what it finds must not depend on when it is played."""
    of_several = options.video is None
    path = config_path if of_several or options.config is not None else own_config(options, plan.camera_id)
    file = ZoneFile(
        path,
        lambda written: load_camera(written, plan.camera_id if of_several else None),
        around.disk,
        template=config_path,
        camera_id=plan.camera_id if of_several else None,
    )

    def load() -> Config:
        return load_camera(file.path, plan.camera_id if of_several else None)

    follower, looks = None, LookSlot()
    if not isinstance(plan.video, Path) or (options.start_time is None and (plan.speed or inf) <= 1):
        follower = ZoneFollower(
            file, load, plan.config, backend, plan.store_id, plan.camera_id, around.clock,
            looks=looks, speaker=plan.camera_id if of_several else "",
        )  # fmt: skip
    reported = ReportedCamera(plan.store_id, project_version(), around.clock.now(), str(plan.detector.kind))
    return WatchedCamera(
        plan,
        lambda config: plan_again(plan, options, file.path, config),
        follower,
        around,
        reported,
        watchdog,
        looks,
    )


def plan_again(plan: CameraPlan, options: Options, config_path: Path, config: Config) -> CameraPlan:
    """The plan for the camera of `plan` with `config`, which `config_path` holds by now. Raises UsageError."""
    camera = CameraConfig(plan.camera_id, plan.video, config, plan.detect_video)
    return plan_camera(options, config_path, camera, plan.store_id, None)


def load_camera(path: Path, camera_id: str | None) -> Config:
    """The configuration in the file at `path`; of the camera `camera_id`, where it is one of several.

    Raises UsageError.
    """
    if camera_id is None:
        return load_config(path)
    for camera in load_cameras(path).cameras:
        if camera.camera_id == camera_id:
            return camera.config
    raise UsageError(f"{path}: no longer has the camera {camera_id}, which is watched until the edge is started again")


def own_config(options: Options, camera_id: str) -> Path:
    """Where zones are kept that are drawn for a camera without --config: the project's own files stay as they are."""
    return options.outbox_dir / f"{camera_id}.yaml"


def plan_camera(
    options: Options, config_path: Path, camera: CameraConfig, store_id: str, start_time: datetime | None
) -> CameraPlan:
    """The plan for `camera`, which `config_path` tells of. Raises UsageError."""
    config = camera.config
    detector = with_flags(
        config.detector, options.detector, options.model, runtime=options.runtime, still_s=options.still_s
    )
    eyes = describe_eyes(project_version(), detector, config.machines)
    of_several = options.video is None
    return CameraPlan(
        store_id=store_id,
        camera_id=camera.camera_id,
        video=camera.video,
        detect_video=camera.detect_video,
        config=config,
        detector=detector,
        eyes=eyes,
        seed=options.seed,
        speed=options.speed if isinstance(camera.video, Path) else None,
        loop=options.loop,
        start_time=start_time,
        preview=preview_of_camera(options.preview, camera.camera_id) if of_several else options.preview,
        decode=options.decode,
        hwaccel=options.hwaccel,
        shared_config=shareable_config(config_path, detector, camera.camera_id if of_several else None),
    )


def plan_one(options: Options, config_path: Path, now: datetime) -> CameraPlan | None:
    """The camera that the command line names; None when that is left to the configuration. Raises UsageError."""
    if options.video is None or options.camera_id is None or options.store_id is None:
        return None
    camera = CameraConfig(options.camera_id, options.video, load_config(config_path), options.detect_video)
    start_time = options.start_time or choose_start(options, options.video, now)
    return plan_camera(options, config_path, camera, options.store_id, start_time)


def plan_cameras(options: Options, config_path: Path, now: datetime) -> list[CameraPlan]:
    """The cameras of the configuration. All files begin at the same time, a live camera when it is started.

    Raises UsageError.
    """
    config = load_cameras(config_path)
    files = [camera.video for camera in config.cameras if isinstance(camera.video, Path)]
    starts = [choose_start(options, video, now) for video in files if options.start_time is None and video.is_file()]
    start_time = options.start_time or min(starts, default=now)
    plans = []
    for camera in config.cameras:
        with speaking_as(camera.camera_id):
            check_for_files(options, camera.video)
            plan = plan_camera(
                options, config_path, camera, config.store_id, start_time if isinstance(camera.video, Path) else None
            )
            check_preview(plan.preview, camera.video)
            plans.append(plan)
    return plans


def preview_of_camera(preview: Path | None, camera_id: str) -> Path | None:
    """The file that a camera's preview has among those of others: `out.cam_01.mp4` for `out.mp4`."""
    return None if preview is None else preview.with_name(f"{preview.stem}.{camera_id}{preview.suffix}")


def choose_config(options: Options) -> Path:
    """The file of --config, else the one that belongs to the video: the sample's own, or config.yaml."""
    if options.config is not None:
        return options.config
    if options.camera_id is not None and (own := own_config(options, options.camera_id)).is_file():
        log.info("machines and rules are those of %s, which the dashboard wrote; --config names another file", own)
        return own
    if not (isinstance(options.video, Path) and is_sample(options.video)):
        return DEFAULT_CONFIG
    log.info("%s is the drawn sample: machines and rules are those of %s", options.video, SAMPLE_CONFIG)
    return SAMPLE_CONFIG


def choose_start(options: Options, video: VideoAddress, now: datetime) -> datetime:
    """The wall-clock time of the video's first frame where --start-time does not say: so that no event is ahead of it.

    That is `now` for a live camera and for a file at speed 1. A file that is played faster began earlier: at the end of
    the run its last frame is of that moment. Raises UsageError for one that is played faster and for ever, or whose
    length is not known, or makes no sense.
    """
    if not isinstance(video, Path) or (options.speed is not None and options.speed <= 1):
        return now
    if not options.loop:
        raise UsageError("--loop 0 at more than --speed 1 would run ahead of the clock: give --loop N, or --start-time")
    length_s = read_length_s(video)
    if length_s is None:
        raise UsageError(f"{video}: does not say how long it is: give --start-time, or --speed 1")
    ahead = 1.0 if options.speed is None else 1 - 1 / options.speed
    past_s = options.loop * length_s * ahead
    if not 0 <= past_s <= _MOST_PAST_S:
        raise UsageError(
            f"{video}: says that it is {length_s:g} s long, and would have begun years ago with --loop {options.loop}:"
            " give --start-time, or a smaller --loop"
        )
    return now - timedelta(seconds=past_s)


if __name__ == "__main__":
    run_process(main)
