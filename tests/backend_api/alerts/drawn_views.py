"""Pictures of a made-up room in any light, from any standpoint, as a camera would send them."""

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
WIDTH, HEIGHT = 640, 360
_DOWN, _ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def room(seed: int) -> Picture:
    """A wall, a floor and 25 things of any colour."""
    chance = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), chance.integers(90, 150), np.float32)
    picture[220:] = chance.integers(60, 110)
    for _ in range(25):
        x, y = (int(chance.integers(0, most)) for most in (WIDTH - 40, HEIGHT - 30))
        width, height = (int(chance.integers(15, most)) for most in (130, 100))
        colour = tuple(float(level) for level in chance.integers(20, 235, 3))
        cv2.rectangle(picture, (x, y), (x + width, y + height), colour, -1 if chance.random() < 0.6 else 2)
    return picture


def in_light(picture: Picture, hour: float, chance: np.random.Generator) -> Picture:
    """At an hour: daylight from 6 to 20, its sun wandering over the floor; lamps in the evening; then infra-red."""
    down, across = _DOWN, _ACROSS
    if hour < 6 or hour >= 22:
        grey = picture.mean(axis=2)
        beam = np.exp(-(((across - WIDTH / 2) / (0.6 * WIDTH)) ** 2 + ((down - HEIGHT / 2) / (0.6 * HEIGHT)) ** 2))
        return np.repeat(((0.5 * grey + 40) * beam)[..., None], 3, 2) + _noise(picture, 8, chance)
    if hour >= 20:
        lamps = 0.35 + 0.3 * np.sin(across / 50) ** 2
        warm = np.array([0.7, 0.9, 1.1], np.float32)
        return np.asarray(picture * lamps[..., None] * warm + _noise(picture, 5, chance), np.float32)
    day = (hour - 6) / 14
    gain = 0.25 + 0.9 * np.sin(np.pi * day) ** 2
    side = gain * (0.6 + 0.8 * ((1 - day) * across + day * (WIDTH - across)) / WIDTH)
    sun = np.exp(-(((across - WIDTH * day) / 50) ** 2 + ((down - 250) / 55) ** 2))
    lit = picture * side[..., None] + (70 * gain * sun)[..., None]
    return np.asarray(lit + _noise(picture, 3, chance), np.float32)


def with_people(picture: Picture, chance: np.random.Generator, count: int = 3) -> Picture:
    """People stand around in it, each before a twelfth of its width."""
    shown = picture.copy()
    for _ in range(count):
        x, y = int(chance.integers(0, WIDTH - 53)), int(chance.integers(60, 180))
        cv2.rectangle(shown, (x, y), (x + 53, HEIGHT), tuple(float(level) for level in chance.integers(20, 200, 3)), -1)
    return shown


def moved(picture: Picture, *, share: float = 0.0, degrees: float = 0.0, zoom: float = 1.0) -> Picture:
    """From another standpoint: shifted by a share of the width, turned, or nearer."""
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, zoom)
    matrix[0, 2] += share * WIDTH
    return np.asarray(cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.float32)


def blurred(picture: Picture, sigma_px: float) -> Picture:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def jpeg(picture: Picture, quality: int = 80) -> bytes:
    """The picture as an edge sends it."""
    levels = np.clip(picture, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _noise(picture: Picture, deviation: float, chance: np.random.Generator) -> Picture:
    return chance.standard_normal(picture.shape, np.float32) * np.float32(deviation)
