"""The detector's settings: who finds the people, in what, and how sure the detector must be."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from backend_api.base.process import UsageError
from edge_service.detection.runtime import RuntimeName
from edge_service.weights.catalogue import CATALOGUE, MODELS_FOLDER, fetch_command, fetched

DetectorKind = Literal["mock", "onnx"]

LEAST_INPUT_PX, LARGEST_INPUT_PX = 32, 4096
_MOST_CLASSES = 100_000

_DEFAULT_NMS = 0.45
DEFAULT_STILL_S = 300.0
LEAST_STILL_S, MOST_STILL_S = 60.0, 86_400.0


def _known_kind(value: object) -> object:
    if value not in get_args(DetectorKind):
        raise ValueError(f"{value!r} is no detector of this version; write {' or '.join(get_args(DetectorKind))}")
    return value


def _path(value: object) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be the name of a file, not {value!r}; put it in quotes")
    return Path(value)


def _is_pair(value: object) -> object:
    if isinstance(value, list) and len(value) != 2:
        raise ValueError(f"has {len(value)} numbers; write [width, height] in pixels")
    return value


def _checked_still_s(still_s: float) -> float:
    if 0 < still_s < LEAST_STILL_S:
        raise ValueError(
            f"is {still_s:g}; must be at least {LEAST_STILL_S:g}, since people keep still for a while, or 0 for never"
        )
    return still_s


_Pixels = Annotated[int, Field(strict=True, ge=LEAST_INPUT_PX, le=LARGEST_INPUT_PX)]


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """`fps` frames a second of media time are looked at.

    A detection of at least `score` (0..1) is somebody; a lower one counts only where somebody known is expected.
    The rest is for `onnx`: `model` is the file; of two boxes that overlap by more than `nms` (0..1, intersection over
    union) the worse one is a duplicate; `class_id` is the number of the class person, None for what the file says;
    `input_size` is width and height in pixels for a network that leaves it open, None for what the file says;
    `runtime` is what it is to run on, None for auto. Where nothing moves for `still_s` seconds nobody is, whatever the
    network finds there; 0 for never.
    """

    kind: Annotated[DetectorKind | None, BeforeValidator(_known_kind)] = None
    model: Annotated[Path, BeforeValidator(_path)] | None = None
    score: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.4
    fps: Annotated[float, Field(strict=True, ge=0.5, le=60)] = 5.0
    nms: Annotated[
        float, BeforeValidator(lambda value: _DEFAULT_NMS if value is None else value), Field(strict=True, gt=0, le=1)
    ] = _DEFAULT_NMS
    class_id: Annotated[int, Field(strict=True, ge=0, lt=_MOST_CLASSES)] | None = None
    input_size: Annotated[tuple[_Pixels, _Pixels], BeforeValidator(_is_pair)] | None = None
    runtime: RuntimeName | None = None
    still_s: Annotated[
        float,
        BeforeValidator(lambda value: DEFAULT_STILL_S if value is None else value),
        Field(strict=True, ge=0, le=MOST_STILL_S),
        AfterValidator(_checked_still_s),
    ] = DEFAULT_STILL_S


def with_flags(
    config: DetectorConfig,
    kind: DetectorKind | None,
    model: Path | None,
    models_folder: Path = MODELS_FOLDER,
    runtime: RuntimeName | None = None,
    still_s: float | None = None,
) -> DetectorConfig:
    """`config` where the flags --detector, --model, --runtime and --still-s say nothing.

    Where nothing names a kind, a model makes it onnx; the `kind` that comes back is not None. A model is a file, or the
    name of weights that were fetched into `models_folder`; an onnx detector without one takes those. Raises UsageError
    when kind and model do not fit, or nothing was fetched.
    """
    if model is not None and str(model) in CATALOGUE and not model.exists():
        model = _fetched(str(model), models_folder)
    model_kind: DetectorKind = "onnx" if model or config.model else "mock"
    chosen = replace(
        config,
        kind=kind or config.kind or model_kind,
        model=model or config.model,
        runtime=runtime or config.runtime,
        still_s=config.still_s if still_s is None else still_s,
    )
    if chosen.kind == "onnx" and chosen.model is None:
        chosen = replace(chosen, model=fetched(models_folder))
    if chosen.kind == "onnx" and chosen.model is None:
        raise UsageError(
            "the detector onnx needs a network; name its file with --model or detector.model,"
            f" or fetch one with {fetch_command()}"
        )
    if chosen.kind == "mock" and model is not None:
        raise UsageError(f"--model {model}: the mock detector has no model; add --detector onnx or remove the flag")
    return chosen


def _fetched(name: str, models_folder: Path) -> Path:
    path = models_folder / CATALOGUE[name].file_name
    if not path.is_file():
        raise UsageError(f"--model {name}: is not on this computer; fetch it with {fetch_command(name)}")
    return path
