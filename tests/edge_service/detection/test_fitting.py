"""Networks that look at pictures in the pictures' own shape: which size, what changes, what stays square."""

import gc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.sources import EventSource
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.fitting import best_size
from edge_service.detection.onnx_detector import open_onnx_detector
from edge_service.detection.open_size import with_open_size
from edge_service.detection.runtime import Network, Networks
from edge_service.pipeline.eyes import Eyes
from edge_service.video.frame import Frame
from tests.edge_service.fake_frames import frame_showing
from tests.edge_service.onnx_graphs import save_bright_spots
from tests.fake_clock import FakeClock

CONFIG = DetectorConfig(kind="onnx", score=0.4)


def picture(width: int, height: int, spot: tuple[int, int, int, int]) -> Frame:
    """A black picture, white from left, top to right, bottom (pixels)."""
    image = np.zeros((height, width, 3), np.uint8)
    image[spot[1] : spot[3], spot[0] : spot[2]] = 255
    return frame_showing(lambda: image, width=width, height=height)


@pytest.mark.parametrize(
    ("width", "height", "pixels", "expected"),
    [
        (1920, 1080, 416 * 416, (544, 320)),
        (768, 432, 416 * 416, (544, 320)),
        (1080, 1920, 416 * 416, (320, 544)),
        (640, 480, 416 * 416, (480, 352)),
        (500, 500, 416 * 416, (416, 416)),
        (1920, 1080, 640 * 640, (864, 480)),
    ],
)
def test_the_size_is_that_in_which_the_picture_is_largest(
    width: int, height: int, pixels: int, expected: tuple[int, int]
) -> None:
    assert best_size(width, height, pixels) == expected


@given(st.integers(1, 8192), st.integers(1, 8192), st.integers(96, 1280))
def test_a_size_is_in_steps_and_bounds_costs_no_more_and_shows_no_less_than_the_square(
    width: int, height: int, side: int
) -> None:
    side = side // 32 * 32
    columns, rows = best_size(width, height, side * side)
    assert columns % 32 == rows % 32 == 0
    assert 32 <= min(columns, rows) <= max(columns, rows) <= 4096
    assert columns * rows <= 1.02 * side * side
    assert min(columns / width, rows / height) >= min(side / width, side / height)


@pytest.mark.parametrize("size", [(128, 128), ("w", "h")], ids=["fixed", "open"])
@pytest.mark.parametrize(("width", "height"), [(640, 320), (320, 640), (256, 256)])
def test_people_are_where_they_are_in_any_shape(
    size: tuple[int | str, int | str], width: int, height: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    detector = open_onnx_detector(save_bright_spots(tmp_path / "a.onnx", size=size), CONFIG)
    spot = (width // 4, height // 4, width // 2, height // 2)
    frame = picture(width, height, spot)
    found = detector.detect(frame)
    assert found
    for person in found:
        # A cell may reach out of the spot by a part of itself.
        assert width * person.box.left >= spot[0] - width / 8
        assert width * person.box.right <= spot[2] + width / 8
        assert height * person.box.top >= spot[1] - height / 8
        assert height * person.box.bottom <= spot[3] + height / 8
    assert ("changed in memory" in caplog.text) == (size == (128, 128) and width != height)


def test_a_picture_in_its_own_shape_is_seen_larger(tmp_path: Path) -> None:
    """At 128 x 128 the spot would be 6 pixels high, less than the smallest cell."""
    detector = open_onnx_detector(save_bright_spots(tmp_path / "a.onnx", size=(128, 128)), CONFIG)
    assert detector.detect(picture(1280, 480, (480, 180, 540, 240)))
    square = open_onnx_detector(
        save_bright_spots(tmp_path / "b.onnx", size=("w", "h")), DetectorConfig(kind="onnx", input_size=(128, 128))
    )
    assert not square.detect(picture(1280, 480, (480, 180, 540, 240)))


def test_a_camera_that_changes_its_shape_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    detector = open_onnx_detector(save_bright_spots(tmp_path / "a.onnx", size=(128, 128)), CONFIG)
    for width, height in ((640, 320), (640, 320), (320, 640), (128, 128)):
        assert detector.detect(picture(width, height, (width // 4, height // 4, width // 2, height // 2)))
    assert caplog.text.count("looks at pictures of 640x320 in ") == 1
    assert caplog.text.count("looks at pictures of 320x640 in ") == 1


def sessions() -> list[object]:
    return [one for one in gc.get_objects() if type(one).__name__ == "InferenceSession"]


def test_a_network_that_was_opened_is_in_memory_once_whatever_shapes_it_looks_at(tmp_path: Path) -> None:
    """Twice it takes 9 MB more, of the smallest network."""
    networks, of_other_tests = Networks(), sessions()
    model = save_bright_spots(tmp_path / "a.onnx", size=(128, 128))
    cameras = [open_onnx_detector(model, CONFIG, networks.open) for _ in range(2)]
    shapes = [(640, 320), (256, 256), (320, 640), (128, 128)]
    for detector, (width, height) in zip([*cameras, *cameras], shapes, strict=True):
        assert detector.detect(picture(width, height, (width // 4, height // 4, width // 2, height // 2)))
        assert len(sessions()) == len(of_other_tests) + 1


def test_what_cannot_be_changed_stays_square_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    model = save_bright_spots(tmp_path / "a.onnx", size=(128, 128), is_bound=True)
    assert open_onnx_detector(model, CONFIG).detect(picture(640, 320, (160, 80, 320, 160)))
    assert "looks at pictures of 640x320 in its own 128x128 pixels: it takes no other size (ONNX Runtime" in caplog.text


def test_opening_the_size_changes_no_answer_at_the_size_that_it_had(tmp_path: Path) -> None:
    model = save_bright_spots(tmp_path / "a.onnx", size=(128, 96))
    network = Network(model)
    opened = Network(model, with_open_size(model.read_bytes(), "images", 128, 96))
    assert opened.inputs[0].shape == (1, 3, None, None)
    blob = np.random.default_rng(1).uniform(0, 255, (1, 3, 96, 128)).astype(np.float32)
    assert np.array_equal(opened.run({"images": blob})["output"], network.run({"images": blob})["output"])
    assert opened.run({"images": blob.transpose(0, 1, 3, 2)})["output"].shape == (1, 12 * 16 + 6 * 8 + 3 * 4, 8)


@pytest.mark.parametrize("content", [b"\xff" * 40, b"\x3a\x7fxyz"])
def test_what_is_no_file_is_one_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX file that stands alone"):
        with_open_size(content, "images", 128, 96)


def test_a_given_size_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    model = save_bright_spots(tmp_path / "a.onnx", size=("w", "h"))
    detector = open_onnx_detector(model, DetectorConfig(kind="onnx", input_size=(128, 128)))
    assert detector.detect(picture(640, 320, (160, 80, 320, 160)))
    assert "looks at pictures" not in caplog.text


class SlowClock(FakeClock):
    """Each look at it takes so long."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self.step_s = step_s

    def monotonic_s(self) -> float:
        self.advance(self.step_s)
        return super().monotonic_s()


def test_what_it_runs_on_and_its_time_a_frame_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    model, clock = save_bright_spots(tmp_path / "a.onnx", size=(128, 128)), SlowClock(0.02)
    detector = open_onnx_detector(model, DetectorConfig(kind="onnx", runtime="cuda"), clock=clock)
    at_first = detector.hardware
    assert (at_first.runs_on, at_first.width, at_first.height, at_first.frame_ms) == ("cpu", 128, 128, None)
    assert "not on cuda: " in str(at_first.why_not)
    for _ in range(12):
        detector.detect(picture(640, 320, (160, 80, 320, 160)))
    now = detector.hardware
    assert (now.runs_on, now.why_not) == ("cpu", at_first.why_not)
    assert now.frame_ms == pytest.approx(20)
    assert (now.width, now.height) == (160, 96)
    assert caplog.text.count(f"a frame takes 20.0 ms in {now.width}x{now.height} pixels on the processor (CPU)") == 1
    clock.step_s = 0.3
    for _ in range(60):
        detector.detect(picture(640, 320, (160, 80, 320, 160)))
    assert detector.hardware.frame_ms == pytest.approx(300)


def test_the_eyes_of_events_say_what_the_network_ran_on_and_in_which_size(tmp_path: Path) -> None:
    model = save_bright_spots(tmp_path / "a.onnx", size=(128, 128))
    detector = open_onnx_detector(model, CONFIG)
    plain = EventSource(edge_version="1", detector="onnx", weights="a.onnx")
    eyes = Eyes(plain, detector)
    sizes = []
    for width, height in ((640, 320), (320, 640)):
        detector.detect(picture(width, height, (160, 80, 320, 160)))
        seen = eyes()
        assert (seen.runtime, seen.weights) == ("cpu", "a.onnx")
        assert eyes() is seen
        sizes.append(seen.input_size)
    assert sizes[0] != sizes[1]
    assert seen.told() == plain.told() | {"runtime": "cpu", "input_size": sizes[1]}
    assert "runtime" not in plain.told()
