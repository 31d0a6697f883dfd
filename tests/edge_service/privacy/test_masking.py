"""What may be shown of a picture, by the settings."""

import numpy as np
import pytest

from edge_service.detection.detector import Box, Detection
from edge_service.privacy.masking import UNLOOKED_S, Masking, settle_s
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.privacy.sightings import SETTLE_S
from edge_service.tracking.tracker import Track
from edge_service.video.frame import Frame, Image
from tests.edge_service.fake_frames import frame_showing
from tests.edge_service.scripted import machine

BOX = Box(0.4, 0.2, 0.5, 0.8)
AREA = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2))


def picture() -> Image:
    return np.random.default_rng(0).integers(1, 256, (180, 320, 3), np.uint8)


def frame(time_s: float) -> Frame:
    return frame_showing(picture, time_s, width=320, height=180)


def looked(config: PrivacyConfig, until_s: float) -> Masking:
    masking = Masking(config, [machine()], detector="mock")
    for number in range(round(until_s * 5) + 1):
        masking.look(frame(number / 5), number / 5, [Track(1, BOX, 0.9)], [Detection(BOX, 0.9)])
    return masking


def test_without_settings_a_picture_is_shown_as_it_is() -> None:
    masking, image = Masking(PrivacyConfig()), picture()
    assert masking.shown(image, 3.0).image is image
    assert masking.is_settled(1e9)
    assert masking.declared is None
    assert settle_s(PrivacyConfig()) == 0


def test_heads_are_hidden_and_hands_are_not() -> None:
    image = picture()
    shown = looked(PrivacyConfig(mask="heads"), 9).shown(image, 3.0).image
    assert (shown[36:70, 128:160] != image[36:70, 128:160]).mean() > 0.9
    assert (shown[90:] == image[90:]).all()
    assert (image == picture()).all()


def test_people_are_hidden_whole() -> None:
    shown = looked(PrivacyConfig(mask="people"), 9).shown(picture(), 3.0).image
    assert (shown[36:144, 128:160] != picture()[36:144, 128:160]).mean() > 0.9
    assert (shown[:, 220:] == picture()[:, 220:]).all()


def test_where_nobody_looked_all_is_hidden() -> None:
    shown = looked(PrivacyConfig(mask="heads"), 9).shown(picture(), 20.0).image
    assert (shown[:, :, 0] == shown[:, :, 1]).all()


def test_areas_are_black_whatever_else_is_hidden() -> None:
    for config in (PrivacyConfig(areas=(AREA,)), PrivacyConfig(mask="people", areas=(AREA,), only_zones=True)):
        shown = looked(config, 9).shown(picture(), 3.0).image
        assert not shown[:36, :64].any()
        assert shown[40:, 70:].any()


def test_outside_of_the_zones_all_is_hidden() -> None:
    """The zone is 0.3..0.7 across; its surroundings a quarter of its longer side more, and three quarters above."""
    shown, image = Masking(PrivacyConfig(only_zones=True), [machine()]).shown(picture(), 3.0).image, picture()
    assert (shown[:, 100:220] == image[:, 100:220]).all()
    outside = np.concatenate([shown[:, :40], shown[:, 280:]], axis=1)
    assert (outside[:, :, 0] == outside[:, :, 1]).all()


def test_a_picture_is_settled_once_nothing_later_matters() -> None:
    masking = looked(PrivacyConfig(mask="heads"), 9)
    assert masking.is_settled(9 - SETTLE_S)
    assert not masking.is_settled(9 - SETTLE_S + 0.3)
    # A camera that is silent, or whose pictures are not looked at, keeps nothing back for ever.
    assert masking.is_settled(9, complete_s=9 + SETTLE_S + UNLOOKED_S)
    assert Masking(PrivacyConfig(areas=(AREA,))).is_settled(1e9)


@pytest.mark.parametrize("mask", ["none", "heads"])
def test_a_clip_says_what_was_hidden(mask: str) -> None:
    config = PrivacyConfig(mask="heads" if mask == "heads" else "none", areas=(AREA,), only_zones=True)
    declared = Masking(config, [machine()], detector="onnx yolox_nano.onnx").declared
    assert declared is not None
    assert declared.model_dump() == {
        "mask": mask,
        "areas": 1,
        "only_zones": True,
        "detector": "onnx yolox_nano.onnx" if mask == "heads" else None,
    }
