"""Several cameras in one configuration: the section `cameras`, and what its cameras have in common."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from backend_api.base.yaml_file import Place, Text, YamlFile, read_yaml, section
from edge_service.config import (
    CAMERAS,
    CameraSections,
    Config,
    DeliveryConfig,
    FileSections,
    Machines,
    OutboxConfig,
    beside,
    check_detector,
    checked_id,
    found_model,
    merged,
    part_of,
    read_machines,
)
from edge_service.video.address import VideoAddress, parse_video

MAX_CAMERAS = 64
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One of the cameras; `config` has what all have in common merged in, `delivery` and `outbox` are the file's.

    `detect_video` is the stream that is looked at, None for `video` itself.
    """

    camera_id: str
    video: VideoAddress
    config: Config
    detect_video: VideoAddress | None = None


@dataclass(frozen=True, slots=True)
class CamerasConfig:
    """All of a file with the section `cameras`."""

    store_id: str
    cameras: tuple[CameraConfig, ...]
    delivery: DeliveryConfig
    outbox: OutboxConfig


def _webcam_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


@dataclass(frozen=True, slots=True, kw_only=True)
class _CameraSection(CameraSections):
    """A camera as the file has it: of the sections only what differs from the common ones."""

    camera_id: Annotated[Text, AfterValidator(checked_id)]
    video: Annotated[Text, BeforeValidator(_webcam_as_text)]
    machines: Machines
    detect_video: Annotated[Text, BeforeValidator(_webcam_as_text)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(FileSections):
    store_id: Annotated[Text, AfterValidator(checked_id)]
    cameras: Annotated[tuple[Annotated[_CameraSection, section(_CameraSection)], ...], Field(max_length=MAX_CAMERAS)]


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_cameras(path: Path, environ: Mapping[str, str] = os.environ) -> CamerasConfig:
    """Read the file at `path`, which has the section `cameras`; `${NAME}` in a video is what `environ` has of it.

    A relative path of a video counts from the file's folder. Raises UsageError that names the file, the line, the key,
    and what to write instead, and tells no credentials.
    """
    file = read_yaml(path)
    read = file.read(_FILE)
    if not read.cameras:
        raise file.error((CAMERAS,), "is empty; describe at least one camera")
    check_detector(file, (), read.detector.kind)
    cameras: dict[str, CameraConfig] = {}
    for number, part in enumerate(read.cameras):
        place = (CAMERAS, number)
        # The files of two cameras lie in one folder, and some file systems do not tell A from a.
        if part.camera_id.lower() in cameras:
            raise file.error(
                (*place, "camera_id"), f"{part.camera_id} is the id of another camera too; give each its own"
            )
        video = _video(file, (*place, "video"), part.video, environ)
        detect_video = part.detect_video and _video(file, (*place, "detect_video"), part.detect_video, environ)
        cameras[part.camera_id.lower()] = CameraConfig(
            part.camera_id, video, _config(file, place, read, part), detect_video or None
        )
    return CamerasConfig(read.store_id, tuple(cameras.values()), read.delivery, read.outbox)


def _config(file: YamlFile, place: Place, read: _File, part: _CameraSection) -> Config:
    """What the camera at `place` is watched with: its own keys, else the common ones."""
    rules = merged(read.rules, part.rules, part_of(file, (*place, "rules")))
    detector = merged(read.detector, part.detector, part_of(file, (*place, "detector")))
    check_detector(file, place, detector.kind)
    return Config(
        machines=read_machines(file, place, part.machines, rules),
        detector=found_model(file, detector),
        clip=merged(read.clip, part.clip, part_of(file, (*place, "clip"))),
        delivery=read.delivery,
        outbox=read.outbox,
        privacy=merged(read.privacy, part.privacy, part_of(file, (*place, "privacy"))),
    )


def _video(file: YamlFile, place: Place, text: str, environ: Mapping[str, str]) -> VideoAddress:
    try:
        video = parse_video(_filled(file, place, text, environ))
    except ValueError as error:
        raise file.error(place, str(error)) from error
    return beside(file, video) if isinstance(video, Path) else video


def _filled(file: YamlFile, place: Place, text: str, environ: Mapping[str, str]) -> str:
    """`text` with its variables filled in: alone one is all of the address, in one it is a part, whatever is in it."""
    for name in _VARIABLE.findall(text):
        if not environ.get(name):
            raise file.error(place, f"the environment variable {name} is not set; set it before the edge starts")
    if alone := _VARIABLE.fullmatch(text):
        return environ[alone[1]]
    return _VARIABLE.sub(lambda match: quote(environ[match[1]], safe=""), text)
