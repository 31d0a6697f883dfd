"""What every detector must do."""

from collections.abc import Callable

import pytest

from backend_api.process import REPOSITORY
from edge_service.config import load_config
from edge_service.detector import Detector
from edge_service.mock_detector import MockDetector
from edge_service.scenario import Scenario
from tests.edge_service.fake_frames import blank_frame


def mock() -> Detector:
    return MockDetector(Scenario(1, load_config(REPOSITORY / "edge_service" / "config.yaml").machines), 1)


DETECTORS = [mock]


@pytest.mark.parametrize("make", DETECTORS)
def test_boxes_are_upright_and_in_the_picture_and_scores_are_shares(make: Callable[[], Detector]) -> None:
    detector = make()
    for index in range(600):
        for found in detector.detect(blank_frame(index / 5)):
            assert 0 <= found.box.left < found.box.right <= 1
            assert 0 <= found.box.top < found.box.bottom <= 1
            assert 0 <= found.score <= 1


@pytest.mark.parametrize("make", DETECTORS)
def test_the_same_frame_gives_the_same_answer(make: Callable[[], Detector]) -> None:
    frames = [blank_frame(index / 2) for index in range(60)]
    detector = make()
    assert [list(detector.detect(frame)) for frame in frames] == [list(make().detect(frame)) for frame in frames]
