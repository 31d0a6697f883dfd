"""Entry script, `python edge_service/mask_stored.py`: hides people in clips that were stored without masks."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.database_address import DatabaseAddress, add_database_flag, media_folder_beside  # noqa: E402
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, UsageError, run_process  # noqa: E402
from backend_api.base.yaml_file import read_yaml  # noqa: E402
from backend_api.contract.media import clip_name  # noqa: E402
from backend_api.media.media import Media  # noqa: E402
from backend_api.media.place import MediaPlace, add_media_flag, open_media  # noqa: E402
from backend_api.media.unmasked import UnmaskedMedia, find_unmasked, keep_masked, remove_unmasked  # noqa: E402
from backend_api.store.db.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.store import Store  # noqa: E402
from edge_service.cameras import load_cameras  # noqa: E402
from edge_service.clips.cut import ClipError  # noqa: E402
from edge_service.clips.stored import StoredClips  # noqa: E402
from edge_service.config import Config, is_of_cameras, load_config  # noqa: E402
from edge_service.detection.detector import Detection, Detector  # noqa: E402
from edge_service.detection.detector_config import DetectorConfig, with_flags  # noqa: E402
from edge_service.detection.onnx_detector import open_onnx_detector  # noqa: E402
from edge_service.privacy.core_dumps import forbid_core_dumps  # noqa: E402
from edge_service.video.frame import Frame  # noqa: E402

_NO_CLIP = "a picture without a clip, in which nothing was hidden: nobody can tell who is in it"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of the command line."""

    db: DatabaseAddress
    media_dir: MediaPlace
    config: Path
    camera_id: str
    model: Path | None


class _Nobody:
    """Stands where nobody is looked for: areas and zones alone are hidden."""

    def detect(self, _frame: Frame) -> Sequence[Detection]:
        return []


def main() -> int:
    """Mask what the command line names. Returns the exit code; raises UsageError, FatalError."""
    options = parse_options()
    clips = set_up(_config_of(options.config, options.camera_id), options.config, options.model)
    forbid_core_dumps()
    with closing(Store.open(options.db, SystemClock(), create=False)) as store:
        media = open_media(options.media_dir, store.database)
        try:
            found = find_unmasked(store.database, media, options.camera_id)
            left = sum(not done for done in _mask_all(clips, found, store, media))
        except (StoreBusy, StoreFull) as error:
            raise FatalError(f"{error}; run this again when that is over") from error
        except OSError as error:
            # A disk that is full says of no file that it is.
            culprit = error.filename or options.media_dir
            raise FatalError(
                f"cannot change {culprit}: {error.strerror}; free some room, or let this user do it"
            ) from error
    log.info("%d of %d are masked; %s", len(found) - left, len(found), _what_is_left(left))
    return EXIT_FAILED if left else EXIT_DONE


def _config_of(path: Path, camera_id: str) -> Config:
    """The configuration of the camera in the file at `path`, of one camera or of several. Raises UsageError."""
    if not path.is_file() or not is_of_cameras(read_yaml(path)):
        return load_config(path)
    cameras = {camera.camera_id: camera.config for camera in load_cameras(path).cameras}
    if camera_id not in cameras:
        raise UsageError(f"--camera-id {camera_id}: {path} has the cameras {', '.join(cameras)}")
    return cameras[camera_id]


def set_up(config: Config, path: Path, model: Path | None) -> StoredClips:
    """What hides as `config`, which is the file at `path`, says. Raises UsageError where that hides nothing."""
    privacy = config.privacy
    if not privacy.hides:
        raise UsageError(f"{path}: privacy hides nothing; set mask, areas or only_zones, as they are to be from now on")
    if privacy.mask == "none":
        return StoredClips(privacy, config.machines, _Nobody(), config.detector.score, None)
    detector = with_flags(config.detector, None, model)
    if detector.kind != "onnx" or detector.model is None:
        raise UsageError(f"privacy.mask: {privacy.mask} needs a network that sees real people; name one with --model")
    name = f"{detector.kind} {detector.model.name}"
    return StoredClips(privacy, config.machines, _open(detector, detector.model), detector.score, name)


def _open(config: DetectorConfig, model: Path) -> Detector:
    return open_onnx_detector(model, config)


def _mask_all(clips: StoredClips, found: Sequence[UnmaskedMedia], store: Store, media: Media) -> Iterator[bool]:
    """Of each of `found` whether nothing unmasked is left of it, which is said."""
    for one in found:
        row = store.events.find(one.event_id)
        if row is None or not one.files.clip_bytes or row.event.clip is None:
            remove_unmasked([one], media, store.removed_media, _NO_CLIP)
            log.info("%s: its pictures are removed: %s", one.event_id, _NO_CLIP)
            yield True
            continue
        try:
            with media.local(clip_name(one.event_id)) as path:
                masked = clips.mask(path, row.event)
        except (ClipError, UsageError, FileNotFoundError) as error:
            log.error("%s: stays as it is: %s", one.event_id, error)
            yield False
            continue
        keep_masked(one, masked.mp4, masked.info, masked.thumbnail, media, store)
        log.info(
            "%s: masked, %d x %d, %d kB", one.event_id, masked.info.width, masked.info.height, masked.info.bytes // 1000
        )
        yield True


def _what_is_left(left: int) -> str:
    if not left:
        return "nothing is left unmasked"
    return f"{left} are left: python backend_api/doctor.py --remove-unmasked --reason TEXT removes them"


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0."""
    flags = vars(_make_parser().parse_args(argv))
    return Options(**flags | {"media_dir": flags["media_dir"] or media_folder_beside(flags["db"])})


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="edge_service/mask_stored.py",
        description="Hide what a camera's configuration says in those of its stored clips and pictures of which none "
        "says that anything was hidden in it. Run it on the backend's computer; it may run beside the backend. Each "
        "clip is replaced for good: its event says so, its verdict stays, the frames that a model was shown go, and so "
        "do pictures without a clip. doctor.py --list-unmasked says first which they are.",
        epilog="Exit codes: 0 nothing unmasked is left, 1 something is, 2 wrong use. May be stopped and run again.",
        formatter_class=argparse.HelpFormatter,
    )
    add = parser.add_argument
    add_database_flag(parser, "the backend's database")
    add_media_flag(parser, "the backend's folder or bucket of clips and thumbnails")
    add(
        "--config",
        type=Path,
        required=True,
        metavar="FILE",
        help="the camera's configuration: its privacy says what is hidden, its machines where the zones are",
    )
    add("--camera-id", required=True, metavar="ID", help="the camera whose clips are masked")
    add(
        "--model",
        type=Path,
        metavar="FILE",
        help="the ONNX file that finds people, or the name of one that fetch_model.py fetched, such as yolox_nano "
        "(default: detector.model of the configuration)",
    )
    return parser


if __name__ == "__main__":
    run_process(main)
