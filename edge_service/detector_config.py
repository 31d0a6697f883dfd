"""The section `detector` of the configuration: who finds the people, in what, and how sure they must be."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from backend_api.base.process import UsageError
from edge_service.yaml_file import Setting

DetectorKind = Literal["mock", "onnx"]
_OF_ONNX_ALONE = ("model", "nms", "class_id", "input_size")
_LARGEST_PX = 4096


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """`fps` frames a second of media time are looked at.

    A detection of at least `score` (0..1) is somebody; a lower one counts only where somebody known is expected.
    The rest is for `onnx`: `model` is the file; of two boxes that overlap by more than `nms` (0..1, intersection over
    union) the worse one is a duplicate; `class_id` is the number of the class person, None for what the file says;
    `input_size` is width and height in pixels for a network that leaves it open, None for what the file says.
    """

    kind: DetectorKind = "mock"
    model: Path | None = None
    score: float = 0.4
    fps: float = 5.0
    nms: float = 0.45
    class_id: int | None = None
    input_size: tuple[int, int] | None = None


def read_detector(setting: Setting | None) -> DetectorConfig:
    """Read the section; a relative path of a model is looked for beside the configuration. Raises UsageError."""
    keys = setting.section("kind", "model", "score", "fps", "nms", "class_id", "input_size") if setting else {}
    given = {key: part for key, part in keys.items() if part.value is not None}
    default = DetectorConfig()
    kind = _kind(keys["kind"]) if "kind" in keys else default.kind
    for key in _OF_ONNX_ALONE:
        if kind == "mock" and key in given:
            raise given[key].error(f"the mock detector has no {key}; write null or kind: onnx, or remove the line")
    return DetectorConfig(
        kind=kind,
        model=_path(given["model"]) if "model" in given else None,
        score=keys["score"].number(least=0, most=1) if "score" in keys else default.score,
        fps=keys["fps"].number(least=0.5, most=60) if "fps" in keys else default.fps,
        nms=given["nms"].number(above=0, most=1) if "nms" in given else default.nms,
        class_id=given["class_id"].whole_number(least=0) if "class_id" in given else None,
        input_size=_size(given["input_size"]) if "input_size" in given else None,
    )


def with_flags(config: DetectorConfig, kind: DetectorKind | None, model: Path | None) -> DetectorConfig:
    """`config` where the flags --detector and --model say nothing. Raises UsageError when the two do not fit."""
    chosen = replace(config, kind=kind or config.kind, model=model or config.model)
    if chosen.kind == "onnx" and chosen.model is None:
        raise UsageError("the detector onnx needs a network; name its file with --model or detector.model")
    if chosen.kind == "mock" and model is not None:
        raise UsageError(f"--model {model}: the mock detector has no model; add --detector onnx or remove the flag")
    return chosen


def _kind(setting: Setting) -> DetectorKind:
    match setting.text():
        case "mock":
            return "mock"
        case "onnx":
            return "onnx"
    raise setting.error(f"{setting.value!r} is no detector of this version; write mock or onnx")


def _path(setting: Setting) -> Path:
    return Path(setting.file).parent / Path(setting.text()).expanduser()


def _size(setting: Setting) -> tuple[int, int]:
    sides = setting.items()
    if len(sides) != 2:
        raise setting.error(f"has {len(sides)} numbers; write [width, height] in pixels")
    width, height = (side.whole_number(least=32) for side in sides)
    if max(width, height) > _LARGEST_PX:
        raise setting.error(f"is more than {_LARGEST_PX} pixels on a side; write a smaller size")
    return width, height
