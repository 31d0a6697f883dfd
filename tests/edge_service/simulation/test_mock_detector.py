"""The mock detector: a function of seed and time that sees most of what the scenario shows."""

from random import Random

import pytest

from backend_api.base.process import REPOSITORY
from edge_service.config import load_config
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.scenario import Scenario
from edge_service.video.frame import Image
from tests.edge_service.fake_frames import blank_frame, frame_showing

SCENARIO = Scenario(42, load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines)
FRAMES = [blank_frame(index / 15) for index in range(1800)]


def test_it_is_a_function_of_seed_and_time_at_any_rate_and_in_any_order() -> None:
    detector = MockDetector(SCENARIO, 42)
    in_order = {frame.source_time_s: detector.detect(frame) for frame in FRAMES}
    shuffled = FRAMES[::3]
    Random(0).shuffle(shuffled)
    again = MockDetector(Scenario(42, load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines), 42)
    assert all(again.detect(frame) == in_order[frame.source_time_s] for frame in shuffled)
    other = MockDetector(SCENARIO, 43)
    assert any(other.detect(frame) != in_order[frame.source_time_s] for frame in FRAMES)


def test_it_goes_by_the_time_in_the_file_and_never_looks_at_the_picture() -> None:
    def refuse() -> Image:
        raise AssertionError("the mock detector asked for the picture")

    detector = MockDetector(SCENARIO, 42)
    repeated = frame_showing(refuse, 250.0, source_time_s=10.0, width=1920, height=1080)
    assert detector.detect(repeated) == detector.detect(blank_frame(10.0))
    assert detector.detect(repeated)


def test_without_misses_everybody_is_found_where_they_are() -> None:
    detector = MockDetector(SCENARIO, 42, miss_rate=0)
    for frame in FRAMES:
        people, found = SCENARIO.people_at(frame.source_time_s), detector.detect(frame)
        assert len(people) <= len(found) <= len(people) + 1
        for person, detection in zip(people, found, strict=False):
            assert detection.box.left == pytest.approx(person.box.left, abs=0.01)
            assert detection.box.bottom == pytest.approx(person.box.bottom, abs=0.01)


@pytest.mark.parametrize("miss_rate", [0.05, 0.2])
def test_it_misses_some(miss_rate: float) -> None:
    present = sum(len(SCENARIO.people_at(frame.source_time_s)) for frame in FRAMES)
    found = sum(len(MockDetector(SCENARIO, 42, miss_rate=miss_rate).detect(frame)) for frame in FRAMES)
    assert 1 - found / present == pytest.approx(miss_rate, abs=0.02)


def test_now_and_then_it_sees_somebody_who_is_not_there() -> None:
    empty = Scenario(42, load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines)
    detector = MockDetector(empty, 42, miss_rate=1)
    alarms = sum(len(detector.detect(frame)) for frame in FRAMES)
    assert 0 < alarms < 0.02 * len(FRAMES)


def test_false_boxes_score_lower_than_people() -> None:
    people = [found for frame in FRAMES for found in MockDetector(SCENARIO, 42, miss_rate=0).detect(frame)]
    false = [found for frame in FRAMES for found in MockDetector(SCENARIO, 42, miss_rate=1).detect(frame)]
    assert all(0.3 <= found.score <= 0.6 for found in false)
    assert all(0.6 <= found.score <= 0.95 for found in people if found not in false)
