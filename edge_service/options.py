"""The command line of the edge: flags, their defaults, and what each means."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from backend_api.base.arguments import ArgumentParser, amount, count, folder, integer
from backend_api.base.process import REPOSITORY, UsageError
from backend_api.base.yaml_file import read_yaml
from backend_api.contract.values import Timestamp
from edge_service.config import checked_id, checked_url, is_of_cameras
from edge_service.detection.detector_config import DEFAULT_STILL_S, LEAST_STILL_S, MOST_STILL_S, DetectorKind
from edge_service.detection.runtime import RuntimeName
from edge_service.video.address import VideoAddress, parse_video
from edge_service.video.group_decoder import DecodeName
from edge_service.video.hardware import HwaccelName

_T = TypeVar("_T")
_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)
VIDEO_VARIABLE = "GYM_VIDEO"
DETECT_VARIABLE = "GYM_DETECT_VIDEO"
# The flags that make sense for files alone, and their defaults.
_FOR_FILES = {"speed": 1.0, "start_time": None, "loop": 1}
_REQUIRED = ("camera_id", "store_id")


@dataclass(frozen=True, slots=True)
class Options:
    """The values of the command line; None where the configuration decides, or the clock (`start_time`).

    `video`, `camera_id` and `store_id` are None for the cameras of a configuration, and for these alone. `for_files`
    are the flags that were given which make sense for files alone.
    """

    video: VideoAddress | None
    detect_video: VideoAddress | None
    camera_id: str | None
    store_id: str | None
    seed: int
    config: Path | None
    backend_url: str | None
    media_dir: Path
    outbox_dir: Path
    speed: float | None
    start_time: datetime | None
    loop: int
    detector: DetectorKind | None
    model: Path | None
    runtime: RuntimeName | None
    still_s: float | None
    decode: DecodeName
    hwaccel: HwaccelName
    upload_clips: bool
    api_key: str | None
    preview: Path | None
    for_files: tuple[str, ...] = ()


def parse_options(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> Options:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0."""
    flags = vars(_make_parser().parse_args(argv))
    given = tuple(_flag(name) for name in sorted(flags.keys() & _FOR_FILES.keys()))
    options = Options(**(_FOR_FILES | flags), for_files=given)
    if options.config is not None and options.config.is_file() and is_of_cameras(read_yaml(options.config)):
        _refuse_one_camera(options, environ)
        return options
    if missing := [_flag(name) for name in _REQUIRED if flags[name] is None]:
        if options.config is not None and not options.config.is_file():
            raise UsageError(f"{options.config}: there is no such file; give the configuration with --config")
        raise UsageError(f"the following arguments are required: {', '.join(missing)}; see --help")
    video = _video_of(environ, VIDEO_VARIABLE) if options.video is None else options.video
    if video is None:
        raise UsageError(f"--video is missing: give a file, an address or 0, or set {VIDEO_VARIABLE}; see --help")
    detect_video = _video_of(environ, DETECT_VARIABLE) if options.detect_video is None else options.detect_video
    check_for_files(options, video)
    check_preview(options.preview, video)
    check_preview(options.preview, detect_video)
    return replace(
        options, video=video, detect_video=detect_video, speed=options.speed if isinstance(video, Path) else None
    )


def check_for_files(options: Options, video: VideoAddress) -> None:
    """Raises UsageError when flags were given that make sense for files alone, and `video` is live."""
    if options.for_files and not isinstance(video, Path):
        raise UsageError(f"{', '.join(options.for_files)}: is for video files; {video} is live, leave it out")


def check_preview(preview: Path | None, video: VideoAddress | None) -> None:
    """Raises UsageError when `preview` would be written over the `video`."""
    if preview is not None and isinstance(video, Path) and preview.resolve() == video.resolve():
        raise UsageError(f"--preview {preview}: is the video that is watched; give another name")


def _refuse_one_camera(options: Options, environ: Mapping[str, str]) -> None:
    """Raises UsageError when there is a second word on which camera is watched, besides the section `cameras`."""
    for name, given in (
        ("--video", options.video),
        ("--detect-video", options.detect_video),
        ("--camera-id", options.camera_id),
        ("--store-id", options.store_id),
    ):
        if given is not None:
            raise UsageError(
                f"{name}: {options.config} names its cameras, their videos and their store itself; leave the flag out,"
                " or name a file of one camera with --config"
            )
    for variable in (VIDEO_VARIABLE, DETECT_VARIABLE):
        if environ.get(variable, "").strip():
            raise UsageError(
                f"{variable}: {options.config} names the videos of its cameras itself; unset the variable, and write"
                " ${NAME} in the file for an address that others are not to see"
            )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Watch one camera and report when each machine is used, left, and wiped. "
        "Events and clips are kept on this computer until the backend has them.",
        epilog="Exit codes: 0 done, 2 wrong use or configuration, 1 anything else. Ctrl-C finishes the clips at hand.",
    )
    add = parser.add_argument
    add(
        "--video",
        type=_checked(parse_video),
        default=None,
        metavar="SOURCE",
        help="the video: a file in any format that FFmpeg reads; rtsp://..., rtsps://..., http://... or "
        "https://... of a live camera; or the number of a webcam, 0 for the first (./0 is a file of that name); other "
        f"users of this computer see a flag, so better set {VIDEO_VARIABLE} for an address with a password (required)",
    )
    add(
        "--detect-video",
        type=_checked(parse_video),
        default=None,
        metavar="SOURCE",
        help="a second stream of the same camera and view, small, that the detector looks at in place of --video, of "
        f"which clips and pictures are still made; {DETECT_VARIABLE} for an address with a password (default: none)",
    )
    # No defaults for these two: two cameras would share one name unnoticed.
    add(
        "--camera-id",
        type=_checked(checked_id),
        metavar="ID",
        help="the camera's name in every event, e.g. cam_01 (required)",
    )
    add(
        "--store-id",
        type=_checked(checked_id),
        metavar="ID",
        help="the gym's name in every event, e.g. gym_demo (required)",
    )
    add("--seed", type=integer, default=42, metavar="N", help="seed of the mocked detector (default: %(default)s)")
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="machines, zones and rules (default: config.yaml beside this script, for the sample sample_config.yaml); "
        "one with a section `cameras` names several cameras, their videos and their store itself, and --video, "
        "--camera-id and --store-id are left out",
    )
    add(
        "--backend-url",
        type=_checked(checked_url),
        metavar="URL",
        help="the backend's address (default: delivery.backend_url of the configuration, http://127.0.0.1:8000)",
    )
    add(
        "--media-dir",
        type=folder,
        default=REPOSITORY / "data" / "media",
        metavar="DIR",
        help="folder for clips and thumbnails; they are uploaded if the backend reads another folder "
        "(default: %(default)s)",
    )
    add(
        "--outbox-dir",
        type=folder,
        default=REPOSITORY / "data" / "outbox",
        metavar="DIR",
        help="folder that keeps events until the backend has them (default: %(default)s)",
    )
    add(
        "--speed",
        type=_speed,
        default=argparse.SUPPRESS,
        metavar="X",
        help="media seconds per second: 1 as recorded, 4, or max for as fast as it goes (default: 1)",
    )
    add(
        "--start-time",
        type=_timestamp,
        default=argparse.SUPPRESS,
        metavar="TIME",
        help="wall-clock time of the video's first frame, RFC 3339 with a zone, e.g. 2026-01-31T09:00:00Z; "
        "the same time, video, seed and configuration give the same events (default: now; at another speed than 1 so "
        "long ago that no event is ahead of the clock)",
    )
    add(
        "--loop",
        type=count(0),
        default=argparse.SUPPRESS,
        metavar="N",
        help="play the file N times over, 0 for until stopped (default: 1)",
    )
    add(
        "--detector",
        choices=get_args(DetectorKind),
        help="mock invents people, onnx finds them with the network of --model "
        "(default: detector.kind of the configuration, else onnx with a model and mock without)",
    )
    add(
        "--model",
        type=Path,
        metavar="FILE",
        help="the ONNX file for --detector onnx, or the name of one that fetch_model.py fetched, such as yolox_nano "
        "(default: detector.model, else what was fetched)",
    )
    add(
        "--runtime",
        choices=get_args(RuntimeName),
        help="what the network of --model runs on; where that does not work here the processor takes its place, and "
        "the log says why (default: detector.runtime of the configuration, auto)",
    )
    add(
        "--hwaccel",
        choices=get_args(HwaccelName),
        default="none",
        help="what decodes the pictures that the detector looks at: none is the processor, auto the first of the "
        "others that works; where it does not work here the processor takes its place, and the log says why "
        "(default: %(default)s)",
    )
    add(
        "--decode",
        choices=get_args(DecodeName),
        default="auto",
        help="auto decodes key pictures alone while nobody comes to a machine or leaves one, where that changes no "
        "event, and the log says whether it does; all decodes all that the detector looks at (default: %(default)s)",
    )
    add(
        "--still-s",
        type=_still_s,
        metavar="SECONDS",
        help="where nothing in the picture moves for so long nobody is, whatever the network of --model finds there; 0 "
        f"for never (default: detector.still_s of the configuration, {DEFAULT_STILL_S:g})",
    )
    add(
        "--upload-clips",
        action="store_true",
        help="upload clips and thumbnails also to a backend that does not say which folder it reads, and remove them "
        "here (default: delivery.upload_clips of the configuration, false)",
    )
    add(
        "--api-key",
        metavar="KEY",
        help="the backend's key; other users of this computer see a flag, so better set GYM_API_KEY (default: none)",
    )
    add(
        "--preview",
        type=Path,
        metavar="FILE",
        help="video to write (MP4) with zones, people's numbers and the machines' states, to judge a zone by eye; "
        "it has the frames that the detector looks at, in media time; of several cameras each has its own, with its id "
        "before the file's ending (default: none)",
    )
    return parser


def _video_of(environ: Mapping[str, str], variable: str) -> VideoAddress | None:
    """The source that `variable` names, in the place of a flag; None where it names none."""
    text = environ.get(variable, "").strip()
    try:
        return parse_video(text) if text else None
    except ValueError as error:
        raise UsageError(f"{variable}: {error}") from error


def _checked(check: Callable[[str], _T]) -> Callable[[str], _T]:
    """`check`, as a type of flags: the text of its ValueError stands behind the flag's name."""

    def parse(text: str) -> _T:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _timestamp(text: str) -> datetime:
    try:
        moment = _TIMESTAMP.validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time with a zone: write it like 2026-01-31T09:00:00Z"
        ) from error
    # Clips begin before their event and windows close after it: there must be time on both sides.
    if not MINYEAR < moment.year < MAXYEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is at the end of all time: check the year")
    return moment


def _still_s(text: str) -> float:
    still_s = amount(most=MOST_STILL_S)(text)
    if 0 < still_s < LEAST_STILL_S:
        raise argparse.ArgumentTypeError(f"{text!r} is too short: give {LEAST_STILL_S:g} or more, or 0 for never")
    return still_s


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: give a number above 0, or max")
    return speed
