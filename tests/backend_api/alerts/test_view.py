"""A camera's view: no false alarm over a day's light and people, and every real trouble is seen."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from backend_api.alerts import view as view_module
from backend_api.alerts.view import HEIGHT, WIDTH, Look, NoPicture, View, agreement, judge, look_at
from backend_api.contract.alerts import AlertKind
from tests.backend_api.alerts.drawn_views import Picture, blurred, in_light, jpeg, moved, room, with_people

ROOMS = range(6)
MOVED, COVERED, DARK = AlertKind.CAMERA_MOVED, AlertKind.CAMERA_COVERED, AlertKind.CAMERA_DARK


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(8)


def at_noon(number: int, chance: np.random.Generator) -> Picture:
    return in_light(room(number), 13.0, chance)


@cache
def usual_view(number: int) -> View:
    """What a camera of this room has seen before."""
    return look_at(jpeg(at_noon(number, np.random.default_rng(7)))).view


@pytest.mark.parametrize("number", [0, 1, 2, *(pytest.param(each, marks=pytest.mark.thorough) for each in (3, 4, 5))])
def test_a_day_of_light_with_people_is_no_trouble(number: int, chance: np.random.Generator) -> None:
    """Every twenty minutes for a day, from morning on, night vision and lamps included."""
    usual = look_at(jpeg(in_light(room(number), 9.0, chance))).view
    for minute in range(0, 24 * 60, 20):
        hour = (9 + minute / 60) % 24
        picture = with_people(in_light(room(number), hour, chance), chance, int(chance.integers(0, 4)))
        seen = look_at(jpeg(picture))
        assert judge(usual, seen) is None, f"at {hour:.1f}: {agreement(usual, seen.view):.2f}"
        usual = usual.learn(seen.view)


@pytest.mark.parametrize("number", ROOMS)
@pytest.mark.parametrize(
    "change", [{"share": 0.12}, {"share": -0.3}, {"degrees": 10.0}, {"degrees": -30.0}, {"zoom": 1.25}], ids=str
)
@pytest.mark.parametrize("hour", [9.0, 13.0, 21.0])
def test_a_camera_that_was_moved_is_seen_to_be(
    number: int, change: dict[str, float], hour: float, chance: np.random.Generator
) -> None:
    usual = usual_view(number)
    picture = in_light(moved(room(number), **change), hour, chance)
    assert judge(usual, look_at(jpeg(picture))) is MOVED


@pytest.mark.parametrize("number", ROOMS)
def test_a_camera_that_shakes_a_little_is_not_moved(number: int, chance: np.random.Generator) -> None:
    usual = usual_view(number)
    for share in (-0.01, 0.01):
        assert judge(usual, look_at(jpeg(moved(at_noon(number, chance), share=share)))) is None


@pytest.mark.parametrize("number", ROOMS)
def test_a_camera_that_is_covered_or_out_of_focus(number: int, chance: np.random.Generator) -> None:
    usual = usual_view(number)
    cloth = np.full_like(room(0), 80) + chance.normal(0, 4, room(0).shape).astype(np.float32)
    for picture in (cloth, blurred(at_noon(number, chance), 15)):
        assert judge(usual, look_at(jpeg(picture))) is COVERED
    assert judge(usual, look_at(jpeg(blurred(at_noon(number, chance), 1.5)))) is None


@pytest.mark.parametrize("number", ROOMS)
def test_a_camera_without_light(number: int, chance: np.random.Generator) -> None:
    usual = usual_view(number)
    black = chance.normal(3, 2, room(0).shape).astype(np.float32)
    assert judge(usual, look_at(jpeg(black))) is DARK


def test_a_view_is_kept_and_read_again(chance: np.random.Generator) -> None:
    usual = look_at(jpeg(at_noon(1, chance))).view
    kept = usual.to_bytes()
    read = View.from_bytes(kept)
    assert read is not None
    assert len(kept) == 4 + 2 * WIDTH * HEIGHT
    assert np.abs(read.field - usual.field).max() < 0.01
    assert agreement(read, usual) > 0.99
    assert read.edges == pytest.approx(usual.edges)
    assert View.from_bytes(b"something else") is None


def test_a_wall_without_any_edge_agrees_with_everything() -> None:
    wall = look_at(jpeg(np.full_like(room(0), 120)))
    assert judge(wall.view, Look(look_at(jpeg(room(1))).view, 200.0)) is None


def test_pictures_of_any_shape_are_looked_at(chance: np.random.Generator) -> None:
    for size in ((1, 1), (7, 2000), (1920, 1080), (90, 160)):
        data = io.BytesIO()
        Image.new("L", size, 128).save(data, "JPEG")
        assert look_at(data.getvalue()).view.field.shape == (HEIGHT, WIDTH)


def test_what_is_no_picture_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    good = jpeg(room(1))
    for data in (b"", b"\xff\xd8\xff", good[:300], b"GIF89a" + good):
        with pytest.raises(NoPicture):
            look_at(data)
    monkeypatch.setattr(view_module, "MAX_PICTURE_PIXELS", 1000)
    with pytest.raises(NoPicture, match="640 x 360 are too many pixels"):
        look_at(good)
