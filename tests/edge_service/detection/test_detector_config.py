"""Which detector is meant when the command line and the configuration both have something to say."""

from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from edge_service.detection.detector_config import DetectorConfig, DetectorKind, with_flags

MOCK = DetectorConfig("mock", score=0.3, fps=7)
OPEN = DetectorConfig(score=0.3, fps=7)
ONNX = DetectorConfig("onnx", Path("configured.onnx"), score=0.3, fps=7)
MODEL = Path("given.onnx")


@pytest.mark.parametrize(
    ("config", "kind", "model", "chosen"),
    [
        (MOCK, None, None, MOCK),
        (OPEN, None, None, MOCK),
        (OPEN, None, MODEL, DetectorConfig("onnx", MODEL, score=0.3, fps=7)),
        (DetectorConfig(model=MODEL), None, None, DetectorConfig("onnx", MODEL)),
        (MOCK, "onnx", MODEL, DetectorConfig("onnx", MODEL, score=0.3, fps=7)),
        (ONNX, None, None, ONNX),
        (ONNX, None, MODEL, DetectorConfig("onnx", MODEL, score=0.3, fps=7)),
        (DetectorConfig("onnx"), "onnx", MODEL, DetectorConfig("onnx", MODEL)),
    ],
)
def test_a_flag_comes_before_the_configuration(
    config: DetectorConfig, kind: DetectorKind | None, model: Path | None, chosen: DetectorConfig
) -> None:
    assert with_flags(config, kind, model) == chosen


def test_the_mock_can_be_asked_for_beside_a_configured_network() -> None:
    assert with_flags(ONNX, "mock", None).kind == "mock"


@pytest.mark.parametrize(
    ("config", "kind", "model", "problem"),
    [
        (MOCK, "onnx", None, "needs a network; name its file with --model or detector.model"),
        (DetectorConfig("onnx"), None, None, "needs a network"),
        (MOCK, None, MODEL, "--model given.onnx: the mock detector has no model; add --detector onnx"),
        (ONNX, "mock", MODEL, "the mock detector has no model"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_cure(
    config: DetectorConfig, kind: DetectorKind | None, model: Path | None, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=problem):
        with_flags(config, kind, model, tmp_path)


def test_without_a_model_the_fetched_one_is_taken_and_without_any_the_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"fetch one with `python edge_service/fetch_model\.py yolox_nano`"):
        with_flags(DetectorConfig("onnx"), None, None, tmp_path)
    for name in ("yolox_tiny", "yolox_nano"):
        (tmp_path / f"{name}.onnx").touch()
        assert with_flags(DetectorConfig("onnx"), None, None, tmp_path).model == tmp_path / f"{name}.onnx"
    assert with_flags(OPEN, None, None, tmp_path).kind == "mock"


def test_a_model_may_be_given_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--model yolox_tiny: is not on this computer; fetch it with .* yolox_tiny`"):
        with_flags(OPEN, None, Path("yolox_tiny"), tmp_path)
    (tmp_path / "yolox_tiny.onnx").touch()
    chosen = with_flags(OPEN, None, Path("yolox_tiny"), tmp_path)
    assert (chosen.kind, chosen.model) == ("onnx", tmp_path / "yolox_tiny.onnx")
