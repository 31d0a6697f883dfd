"""The real detector, on networks whose answer is known: every family, through letterboxing and back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend_api.base.process import UsageError
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.letterbox import Array
from edge_service.detection.onnx_detector import OnnxDetector, open_onnx_detector
from tests.edge_service import onnx_graphs
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.onnx_graphs import Seen, save

WIDTH, HEIGHT = 256, 192
CONFIG = DetectorConfig(kind="onnx")
PixelBox = tuple[float, float, float, float]

# In pixels of the picture. Two people, the worse one of them doubtful.
SIZES = [(1280, 720), (360, 640), (101, 77)]
PEOPLE = [((0.1, 0.2, 0.35, 0.9), 0.9), ((0.55, 0.1, 0.8, 0.7), 0.3)]


def top_left(width: int, height: int) -> Callable[[PixelBox], PixelBox]:
    scale = min(WIDTH / width, HEIGHT / height)
    return lambda box: (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)


def centred(width: int, height: int) -> Callable[[PixelBox], PixelBox]:
    scale = min(WIDTH / width, HEIGHT / height)
    x, y = (WIDTH - width * scale) / 2, (HEIGHT - height * scale) / 2
    return lambda box: (box[0] * scale + x, box[1] * scale + y, box[2] * scale + x, box[3] * scale + y)


def stretched(width: int, height: int) -> Callable[[PixelBox], PixelBox]:
    x, y = WIDTH / width, HEIGHT / height
    return lambda box: (box[0] * x, box[1] * y, box[2] * x, box[3] * y)


FAMILIES: dict[str, Any] = {
    "yolox_raw": (onnx_graphs.yolox_raw, top_left, "YOLOX, raw grid"),
    "yolox_decoded": (onnx_graphs.yolox_decoded, top_left, "YOLOX, decoded"),
    "yolov8": (onnx_graphs.yolov8, centred, "YOLOv8"),
    "end_to_end": (onnx_graphs.end_to_end, centred, "end to end"),
    "rtdetr": (onnx_graphs.rtdetr, stretched, "RT-DETR"),
    "rtdetr_in_shares": (onnx_graphs.rtdetr_in_shares, stretched, "RT-DETR"),
    "rfdetr": (onnx_graphs.rfdetr, stretched, "RF-DETR"),
}
family = pytest.mark.parametrize("family", FAMILIES)


def in_pixels(share: PixelBox, width: int, height: int) -> PixelBox:
    return share[0] * width, share[1] * height, share[2] * width, share[3] * height


def outputs_of(family: str, width: int, height: int, extra: Sequence[Seen] = ()) -> dict[str, Array]:
    """The network's answer when PEOPLE are in a picture of that size, and what is no person of a fair score."""
    build, fit, _ = FAMILIES[family]
    to_input = fit(width, height)
    people = [Seen(to_input(in_pixels(share, width, height)), score) for share, score in PEOPLE]
    first = people[0].box
    others = [Seen(first, 0.95, class_id=2), Seen((60, 60, 90, 99), 0.05), *extra]
    if family.startswith("yolo"):
        others.append(Seen((first[0] + 1, first[1] + 1, first[2] + 1, first[3] + 1), 0.8))
    answer: dict[str, Array] = build([*people, *others], WIDTH, HEIGHT)
    return answer


def check(detector: OnnxDetector, width: int, height: int) -> None:
    """It finds PEOPLE and nobody else, to within a pixel of the picture."""
    found = detector.detect(blank_frame(0.0, width=width, height=height))
    assert len(found) == len(PEOPLE)
    for detection, (share, score) in zip(found, PEOPLE, strict=True):
        box = detection.box
        seen = in_pixels((box.left, box.top, box.right, box.bottom), width, height)
        assert seen == pytest.approx(in_pixels(share, width, height), abs=1.0)
        assert detection.score == pytest.approx(score, abs=1e-3)


@family
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_boxes_come_back_to_where_they_are(family: str, width: int, height: int, tmp_path: Path) -> None:
    outputs = outputs_of(family, width, height)
    model = save(tmp_path / "a.onnx", outputs, size=(WIDTH, HEIGHT), takes_size=family == "rtdetr")
    check(open_onnx_detector(model, CONFIG), width, height)


@family
def test_open_sizes_are_taken_from_the_configuration(family: str, tmp_path: Path) -> None:
    outputs = outputs_of(family, 640, 360)
    model = save(tmp_path / "a.onnx", outputs, size=("w", "h"), picture=("n", 3), takes_size=family == "rtdetr")
    check(open_onnx_detector(model, replace(CONFIG, input_size=(WIDTH, HEIGHT))), 640, 360)


@family
def test_open_sizes_are_taken_from_the_exporters_note(family: str, tmp_path: Path) -> None:
    notes = {"imgsz": f"[{HEIGHT}, {WIDTH}]", "names": "{0: 'person', 1: 'dog', 2: 'cat'}"}
    model = save(tmp_path / "a.onnx", outputs_of(family, 640, 360), size=("w", "h"), notes=notes)
    check(open_onnx_detector(model, CONFIG), 640, 360)


def test_half_precision(tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 320, 240), size=(WIDTH, HEIGHT), dtype="float16")
    check(open_onnx_detector(model, CONFIG), 320, 240)


@family
def test_the_family_is_named(family: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    open_onnx_detector(save(tmp_path / "a.onnx", outputs_of(family, 64, 36), size=(WIDTH, HEIGHT)), CONFIG)
    assert f"{FAMILIES[family][2]}, {WIDTH}x{HEIGHT} pixels, class 0" in caplog.text


@pytest.mark.parametrize(
    ("configured", "names", "found"),
    [
        (2, None, 0.95),
        (2, "{0: 'person', 2: 'cat'}", 0.95),
        (None, "{0: 'dog', 1: 'cat', 2: 'Person'}", 0.95),
        (None, "no names at all", 0.9),
        (None, "[1, 2]", 0.9),
    ],
)
def test_the_class_is_the_configured_one_else_the_one_named_person(
    configured: int | None, names: str | None, found: float, tmp_path: Path
) -> None:
    notes = {"names": names} if names else {}
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(WIDTH, HEIGHT), notes=notes)
    detector = open_onnx_detector(model, replace(CONFIG, class_id=configured))
    assert detector.detect(blank_frame(0.0))[0].score == pytest.approx(found, abs=1e-3)


def test_cocos_own_numbers_begin_at_one(tmp_path: Path) -> None:
    outputs = outputs_of("rfdetr", 64, 36)
    labels = np.full((1, 30, 91), -90.0, np.float32)
    labels[:, :, 1:4] = outputs["labels"]
    model = save(tmp_path / "a.onnx", outputs | {"labels": labels}, size=(WIDTH, HEIGHT))
    check(open_onnx_detector(model, CONFIG), 64, 36)


def test_how_much_two_boxes_may_overlap_is_configured(tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(WIDTH, HEIGHT))
    assert len(open_onnx_detector(model, replace(CONFIG, nms=0.99)).detect(blank_frame(0.0))) == len(PEOPLE) + 1


def test_a_lower_score_than_the_usual_doubt_is_handed_on_too(tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("end_to_end", 64, 36), size=(WIDTH, HEIGHT))
    assert len(open_onnx_detector(model, replace(CONFIG, score=0.02)).detect(blank_frame(0.0))) == len(PEOPLE) + 1


def test_boxes_beyond_the_edges_are_cut_and_those_outside_left_out(tmp_path: Path) -> None:
    partly, outside = Seen((-20, 10, 40, 500), 0.9), Seen((-50, 10, -20, 90), 0.9)
    outputs = onnx_graphs.end_to_end([partly, outside], WIDTH, HEIGHT)
    model = save(tmp_path / "a.onnx", outputs, size=(WIDTH, HEIGHT))
    (found,) = open_onnx_detector(model, CONFIG).detect(blank_frame(0.0, width=WIDTH, height=HEIGHT))
    assert (found.box.left, found.box.bottom) == (0.0, 1.0)
    assert found.box.right == pytest.approx(40 / WIDTH)


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ({"output0": np.zeros((1, 25200, 85), np.float32)}, r"output0 \[1, 25200, 85\]"),
        ({"output0": np.zeros((1, 300, 84), np.float32)}, r"output0 \[1, 300, 84\]"),
        ({"output0": np.zeros((1, 1000), np.float32)}, r"output0 \[1, 1000\]"),
        (
            {"boxes": np.zeros((1, 9, 4), np.float32), "probabilities": np.zeros((1, 9), np.float32)},
            r"boxes \[1, 9, 4\], probabilities \[1, 9\]",
        ),
        (
            {"dets": np.zeros((1, 9, 4), np.float32), "labels": np.zeros((1, 8, 4), np.float32)},
            r"dets \[1, 9, 4\], labels \[1, 8, 4\]",
        ),
    ],
)
def test_another_layout_is_refused_with_what_is_found_and_what_is_known(
    outputs: dict[str, Array], found: str, tmp_path: Path
) -> None:
    model = save(tmp_path / "a.onnx", outputs, size=(WIDTH, HEIGHT))
    with pytest.raises(
        UsageError, match=f"a.onnx: its outputs for 256x192 pixels are {found}; known are YOLOX.*RF-DETR"
    ):
        open_onnx_detector(model, CONFIG)


@pytest.mark.parametrize("picture", [(2, 3), (1, 4)])
def test_other_inputs_are_refused_too(picture: tuple[int, int], tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(WIDTH, HEIGHT), picture=picture)
    with pytest.raises(UsageError, match=rf"inputs are images float32 \[{picture[0]}, {picture[1]}, 192, 256\]; known"):
        open_onnx_detector(model, CONFIG)


@pytest.mark.parametrize(
    ("config", "notes", "problem"),
    [
        (replace(CONFIG, input_size=(640, 640)), {}, "its input is 256 x 192 pixels, not 640 x 640; remove"),
        (replace(CONFIG, class_id=3), {}, "it has 3 classes, from 0; set detector.class_id"),
        (CONFIG, {"names": "{0: 'dog', 1: 'cat'}"}, "none of its classes is named person; .* 0 dog, 1 cat"),
    ],
)
def test_what_does_not_fit_the_file_is_named(
    config: DetectorConfig, notes: dict[str, str], problem: str, tmp_path: Path
) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(WIDTH, HEIGHT), notes=notes)
    with pytest.raises(UsageError, match=f"a.onnx: {problem}"):
        open_onnx_detector(model, config)


def test_a_network_larger_than_any_that_looks_at_pictures_is_refused_before_it_is_run(tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(70_000, 70_000))
    with pytest.raises(UsageError, match="its input is 70000 x 70000 pixels; export it for 32 to 4096 a side"):
        open_onnx_detector(model, CONFIG)


@pytest.mark.parametrize("names", ["{" * 90_000, "(" * 5_000, "{0: 'person'" + " " * 10**6, "9**9**9**9"])
def test_notes_that_make_no_sense_do_no_harm(names: str, tmp_path: Path) -> None:
    model = save(tmp_path / "a.onnx", outputs_of("yolov8", 64, 36), size=(WIDTH, HEIGHT), notes={"names": names})
    check(open_onnx_detector(model, CONFIG), 64, 36)
