"""Figures over more than one detector or configuration say so, and invented ones are called that."""

from backend_api.contract.sources import EventSource
from backend_api.contract.stats import SourceFigures
from tests.ui.made_up import make_session
from ui.text.words import detector_words, eyes_words
from ui.widgets.mocked import DETECTOR_BADGE, MODEL_BADGE, mocked_badges
from ui.widgets.sources import detectors_of, source_lines

MOCKED = EventSource(edge_version="0.1.0", detector="mock", config_sha256="1" * 64)
REAL = EventSource(
    edge_version="0.1.0", detector="onnx", weights="eyes.onnx", weights_sha256="c789" * 16, config_sha256="2" * 64
)


def found(*uses: tuple[EventSource | None, int], camera_id: str = "cam_01") -> list[SourceFigures]:
    return [
        SourceFigures(store_id="gym", camera_id=camera_id, source=source, sessions_reported=number)
        for source, number in uses
    ]


def test_of_the_same_eyes_there_is_nothing_to_say() -> None:
    later = REAL.model_copy(update={"edge_version": "0.2.0"})
    other_camera = REAL.model_copy(update={"config_sha256": "3" * 64})
    assert source_lines(found((REAL, 3), (later, 2)) + found((other_camera, 1), camera_id="cam_02")) == []
    assert source_lines([]) == source_lines(found((None, 4))) == []


def test_more_than_one_detector_is_said_with_how_many_uses() -> None:
    lines = source_lines(found((REAL, 3), (None, 1)))
    assert lines == [
        "These figures are of more than one detector, and may differ for that alone: eyes.onnx (sha256 c789c789) "
        "(3 uses), not told (1 use)."
    ]


def test_other_weights_of_the_same_name_are_another_detector() -> None:
    other = REAL.model_copy(update={"weights_sha256": "abcd" * 16})
    [line] = source_lines(found((REAL, 1), (other, 1)))
    assert "more than one detector" in line


def test_changed_zones_are_said_of_the_camera() -> None:
    moved = REAL.model_copy(update={"config_sha256": "3" * 64})
    [line] = source_lines(found((REAL, 1), (moved, 1)))
    assert line.startswith("Camera cam_01 had 2 configurations in this time: its zones")


def test_invented_uses_are_counted() -> None:
    first, second, _ = source_lines(found((MOCKED, 2), (REAL, 3)))
    assert first == "2 of 5 uses in these figures were invented by a mocked detector."
    assert "mocked detector (2 uses)" in second
    assert source_lines(found((MOCKED, 2))) == ["2 of 2 uses in these figures were invented by a mocked detector."]


def test_a_cell_names_each_detector_once() -> None:
    assert detectors_of(found((MOCKED, 1), (REAL, 1), (MOCKED, 2))) == "mocked detector; eyes.onnx (sha256 c789c789)"


def test_eyes_in_words() -> None:
    assert eyes_words(REAL) == "eyes.onnx (sha256 c789c789), configuration 22222222, edge 0.1.0"
    fallen_back = eyes_words(REAL.model_copy(update={"stream": "main"}))
    assert "(sha256 c789c789), in the main stream while the one for detection was lost, configuration" in fallen_back
    assert detector_words(EventSource(edge_version="1", detector="onnx")) == "onnx"


def test_a_session_is_called_mocked_by_what_its_events_say() -> None:
    """Whatever its camera's detector is by now."""
    assert mocked_badges(make_session(source=MOCKED), [], "qwen") == [DETECTOR_BADGE]
    assert mocked_badges(make_session(source=REAL), [], "mock") == [MODEL_BADGE]
