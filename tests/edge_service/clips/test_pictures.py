"""The thumbnail beside a clip; the still: taken when one is wanted, handed over once, small enough for the backend."""

import threading

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from backend_api.contract.cameras import MAX_STILL_BYTES
from edge_service.clips.pictures import StillSlot, draw_thumbnail
from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking, Shown
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.privacy.sightings import SETTLE_S
from edge_service.video.frame import Frame, Image
from tests.edge_service.fake_frames import blank_frame, frame_showing

ZONE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.9), (0.1, 0.9))
BOX = Box(0.6, 0.2, 0.9, 0.8)


def decoded(jpeg: bytes) -> npt.NDArray[np.uint8]:
    assert jpeg.startswith(b"\xff\xd8")
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((96, 64), (96, 64)), ((3000, 2), (640, 1))],
)
def test_is_at_most_640_wide_and_keeps_its_shape(size: tuple[int, int], shown: tuple[int, int]) -> None:
    width, height = size
    picture = decoded(draw_thumbnail(Shown(np.zeros((height, width, 3), np.uint8)), ZONE, [BOX]))
    assert (picture.shape[1], picture.shape[0]) == shown


def test_shows_the_zone_and_the_people_and_leaves_the_image_alone() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    picture = decoded(draw_thumbnail(Shown(image), ZONE, [BOX]))
    on_the_zone, on_the_box, elsewhere = picture[200, 60], picture[200, 359], picture[200, 300]
    assert on_the_zone.max() > 150
    assert on_the_box.max() > 150
    assert elsewhere.max() < 40
    assert not image.any()


def frame_of(image: Image, asked: list[None] | None = None) -> Frame:
    def convert() -> Image:
        if asked is not None:
            asked.append(None)
        return image

    return frame_showing(convert, width=image.shape[1], height=image.shape[0])


def size(jpeg: bytes | None) -> tuple[int, int]:
    assert jpeg is not None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.shape[1], image.shape[0]


def test_there_is_none_before_the_first_frame() -> None:
    still = StillSlot(Masking(PrivacyConfig()))
    assert still.take() is None
    still.offer(blank_frame(0.0))
    assert size(still.take()) == (64, 36)


def test_frames_are_converted_only_when_a_picture_is_wanted() -> None:
    still, asked = StillSlot(Masking(PrivacyConfig())), list[None]()
    frame = frame_of(np.zeros((36, 64, 3), np.uint8), asked)
    for _ in range(5):
        still.offer(frame)
    assert len(asked) == 1
    assert still.take() is not None
    still.offer(frame)
    assert len(asked) == 1  # the one before was enough until somebody asks again
    assert still.take() is None
    still.offer(frame)
    assert len(asked) == 2
    assert still.take() is not None


def test_what_is_asked_for_later_is_of_later() -> None:
    still = StillSlot(Masking(PrivacyConfig()))
    dark, bright = (frame_of(np.full((36, 64, 3), level, np.uint8)) for level in (10, 240))
    still.offer(dark)
    first = still.take()
    still.offer(dark)
    assert still.take() is None
    still.offer(bright)
    second = still.take()
    assert first is not None
    assert second is not None
    shown = cv2.imdecode(np.frombuffer(second, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    assert shown.mean() == pytest.approx(240, abs=3)


@pytest.mark.parametrize(
    ("given", "sent"),
    [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((640, 480), (640, 480)), ((4000, 1), (1280, 1))],
)
def test_large_pictures_are_made_smaller(given: tuple[int, int], sent: tuple[int, int]) -> None:
    still = StillSlot(Masking(PrivacyConfig()))
    still.offer(frame_of(np.zeros((given[1], given[0], 3), np.uint8)))
    assert size(still.take()) == sent


def test_the_largest_picture_of_nothing_but_noise_is_one_that_the_backend_takes() -> None:
    still = StillSlot(Masking(PrivacyConfig()))
    still.offer(frame_of(np.random.default_rng(1).integers(0, 255, (1280, 1280, 3), np.uint8)))
    jpeg = still.take()
    assert jpeg is not None
    assert len(jpeg) <= MAX_STILL_BYTES


def test_two_threads_do_not_wait_for_each_other() -> None:
    still, ended, taken = StillSlot(Masking(PrivacyConfig())), threading.Event(), list[bytes]()

    def ask() -> None:
        while len(taken) < 20:
            if jpeg := still.take():
                taken.append(jpeg)
        ended.set()

    asking = threading.Thread(target=ask)
    asking.start()
    while not ended.is_set():
        still.offer(blank_frame(0.0))
    asking.join()
    assert {size(jpeg) for jpeg in taken} == {(64, 36)}


def test_a_still_waits_until_it_is_known_what_is_hidden_in_it() -> None:
    masking = Masking(PrivacyConfig(mask="heads"), fps=5)
    still = StillSlot(masking)
    assert still.take() is None
    for number in range(30):
        frame = frame_showing(lambda: np.full((48, 64, 3), (0, 0, 255), np.uint8), number / 5, width=64, height=48)
        masking.look(frame, number / 5, [], [])
        still.offer(frame)
        if number / 5 < SETTLE_S:
            assert still.take() is None
    assert decoded(still.take() or b"")[20, 30, 2] > 240


def test_without_pictures_there_is_no_still() -> None:
    still = StillSlot(Masking(PrivacyConfig(pictures="none")))
    for number in range(3):
        still.offer(blank_frame(float(number)))
        assert still.take() is None
