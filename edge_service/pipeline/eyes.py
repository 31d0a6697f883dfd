"""The eyes of a run, which its events name: release, detector, weights, and a hash of what decides what is seen."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from pydantic import TypeAdapter

from backend_api.base.process import UsageError
from backend_api.contract.cameras import MOCK_DETECTOR
from backend_api.contract.sources import EventSource
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import Hardware, OnnxDetector
from edge_service.rules.machine import Machine

log = logging.getLogger(__name__)

_MAX_NAME_CHARACTERS = 255
# These decide nothing of what is seen; the weights have a hash of their own.
_MACHINE_WORDS = {"name", "kind"}
_MODEL = {"model"}
_JSON: TypeAdapter[object] = TypeAdapter(object)


def describe_eyes(version: str, detector: DetectorConfig, machines: Sequence[Machine]) -> EventSource:
    """The eyes of the release `version` with `detector`, whose kind is chosen.

    Raises UsageError when the weights cannot be read.
    """
    model = detector.model if detector.kind != MOCK_DETECTOR else None
    return EventSource(
        edge_version=version,
        detector=str(detector.kind),
        weights=None if model is None else model.name[:_MAX_NAME_CHARACTERS],
        weights_sha256=None if model is None else _sha256(model),
        config_sha256=hash_config(detector, machines),
    )


class Eyes:
    """The eyes of a run as they are at present: what a network runs on, and in which size, comes with its frames."""

    def __init__(self, eyes: EventSource, detector: OnnxDetector) -> None:
        self._eyes = eyes
        self._detector = detector
        self._known: tuple[str, int, int] | None = None

    @property
    def hardware(self) -> Hardware:
        """What the network runs on, and how fast."""
        return self._detector.hardware

    def __call__(self) -> EventSource:
        """The eyes that saw the last frame."""
        hardware = self._detector.hardware
        known = hardware.runs_on, hardware.width, hardware.height
        if known != self._known:
            size = f"{hardware.width}x{hardware.height}"
            self._eyes = self._eyes.model_copy(update={"runtime": hardware.runs_on, "input_size": size})
            self._known = known
        return self._eyes


def hash_config(detector: DetectorConfig, machines: Sequence[Machine]) -> str:
    """The sha256 of what decides what is seen; neither comments nor the order of keys in the file change it."""
    decides = {
        "detector": _settings(detector, _MODEL),
        "machines": [_settings(machine, _MACHINE_WORDS) for machine in machines],
    }
    return hashlib.sha256(_JSON.dump_json(decides)).hexdigest()


def _settings(of: DetectorConfig | Machine, without: set[str]) -> dict[str, object]:
    return {field.name: getattr(of, field.name) for field in fields(of) if field.name not in without}


def log_eyes(eyes: EventSource, *, is_sample: bool, video: object) -> None:
    """Say, as the first thing of a run, what looks at the pictures, and that nothing does when the eyes are mocked."""
    config = (eyes.config_sha256 or "")[:8]
    if not eyes.is_mocked:
        sha256 = (eyes.weights_sha256 or "")[:8]
        log.info("detector %s: %s, sha256 %s; configuration %s", eyes.detector, eyes.weights, sha256, config)
    elif is_sample:
        log.info(
            "MOCKED detector: it looks at no picture, and tells of the people that the sample was drawn with;"
            " configuration %s",
            config,
        )
    else:
        log.warning(
            "MOCKED detector: the people are INVENTED, and so are all events: it looks at no picture of %s; to find the"
            " people in it, give the ONNX file of a detection network with --model; configuration %s",
            video, config,
        )  # fmt: skip


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name an ONNX file with --model or detector.model") from error
