"""What every detector must do."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY
from edge_service.config import load_config
from edge_service.detection.detector import Box, Detector
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import open_onnx_detector
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.scenario import Scenario
from tests.edge_service import onnx_graphs
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.onnx_graphs import Seen, save, save_bright_spots


def mock() -> Detector:
    return MockDetector(Scenario(1, load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines), 1)


def onnx(model: Path) -> Detector:
    people = [Seen((10, 20, 60, 90), 0.9), Seen((-30, 30, 900, 99), 0.5), Seen((70, 10, 70, 90), 0.4)]
    save(model, onnx_graphs.yolov8(people, 128, 128), size=(128, 128))
    return open_onnx_detector(model, DetectorConfig(kind="onnx"))


def fitted(model: Path) -> Detector:
    return open_onnx_detector(save_bright_spots(model, size=(64, 64), is_dark=True), DetectorConfig(kind="onnx"))


def cropped(model: Path) -> Detector:
    save_bright_spots(model, size=(64, 64), is_dark=True)
    return open_onnx_detector(model, DetectorConfig(kind="onnx"), region=Box(0.2, 0.0, 0.7, 0.9))


@pytest.fixture(params=["mock", "onnx", "fitted", "cropped"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Detector]:
    """Makes the same detector each time."""
    if request.param == "mock":
        return mock
    return partial({"onnx": onnx, "fitted": fitted, "cropped": cropped}[request.param], tmp_path / "a.onnx")


def test_boxes_are_upright_and_in_the_picture_and_scores_are_shares(make: Callable[[], Detector]) -> None:
    detector, seen = make(), 0
    for index in range(600):
        for found in detector.detect(blank_frame(index / 5)):
            assert 0 <= found.box.left < found.box.right <= 1
            assert 0 <= found.box.top < found.box.bottom <= 1
            assert 0 <= found.score <= 1
            seen += 1
    assert seen


def test_the_same_frame_gives_the_same_answer(make: Callable[[], Detector]) -> None:
    frames = [blank_frame(index / 2) for index in range(60)]
    detector = make()
    assert [list(detector.detect(frame)) for frame in frames] == [list(make().detect(frame)) for frame in frames]
