"""The pictures for the model: frames cropped to the machine, and one whole view, as JPEG of bounded size.

Crops in the order of time, then the view from the middle of the clip with the zone drawn into it. Without a zone the
model gets whole views alone. Few frames make models invent, so fewer than MIN_FRAMES are not worth a question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import cv2
import numpy as np

from backend_api.contract.values import Zone
from backend_api.contract.zones import surroundings
from mm_worker.frames.clip_frames import ClipFrame, Image

MIN_FRAMES = 3
MAX_JPEG_BYTES = 200_000
# Hosted models scale larger pictures down themselves, and bill by the tile; these keep hands and cloths visible.
CROP_SIDE_PX = 768
VIEW_SIDE_PX = 1024
_QUALITIES = (85, 70, 50, 30)
# Hardly anything in a gym has this colour; machines, floors and cloths are often yellow.
_MAGENTA = (255, 0, 255)


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG; `time_s` is seconds from the clip's start, `shows` says in words what part of the view it is."""

    time_s: float
    jpeg: bytes
    shows: str

    @property
    def sha256(self) -> str:
        """Of the JPEG."""
        return sha256(self.jpeg).hexdigest()


def make_pictures(frames: Iterable[ClipFrame], zone: Zone | None) -> tuple[Picture, ...]:
    """The pictures of `frames`: one each and, with a `zone`, the whole view of the middle one besides.

    A frame is scaled down as it comes, so that no two whole ones are held at once. No frames give no pictures.
    """
    if zone is None:
        return tuple(Picture(frame.time_s, to_jpeg(frame.image, VIEW_SIDE_PX), "the whole view") for frame in frames)
    crops: list[Picture] = []
    views: list[Image] = []
    for frame in frames:
        crops.append(Picture(frame.time_s, to_jpeg(crop(frame.image, zone), CROP_SIDE_PX), "cropped to the machine"))
        views.append(_scale(frame.image, VIEW_SIDE_PX))
    if not crops:
        return ()
    middle = len(crops) // 2
    view = to_jpeg(draw_zone(views[middle], zone), VIEW_SIDE_PX)
    shows = "the whole view, with the machine's zone outlined in magenta"
    return (*crops, Picture(crops[middle].time_s, view, shows))


def crop(image: Image, zone: Zone) -> Image:
    """The part of `image` around `zone`, with a margin that is largest above it; at least one pixel."""
    height, width = image.shape[:2]
    part = np.array(surroundings(zone, width / height)).reshape(2, 2) * (width, height)
    left_top, right_bottom = part
    left, top = np.floor(np.clip(left_top, 0, (width - 1, height - 1))).astype(int)
    right, bottom = np.ceil(np.clip(right_bottom, (left + 1, top + 1), (width, height))).astype(int)
    return image[top:bottom, left:right]


def draw_zone(image: Image, zone: Zone) -> Image:
    """A copy of `image` with the zone's outline."""
    height, width = image.shape[:2]
    corners = np.rint(np.array(zone) * (width - 1, height - 1)).astype(np.int32)
    drawn = image.copy()
    cv2.polylines(drawn, [corners], isClosed=True, color=_MAGENTA, thickness=max(2, width // 400), lineType=cv2.LINE_AA)
    return drawn


def to_jpeg(image: Image, max_side_px: int, max_bytes: int = MAX_JPEG_BYTES) -> bytes:
    """`image` as JPEG, scaled down to `max_side_px`, and made coarser, then smaller, until it has `max_bytes`."""
    side_px = min(max_side_px, max(image.shape[:2]))
    while True:
        scaled = _scale(image, side_px)
        for quality in _QUALITIES:
            jpeg = cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(jpeg) <= max_bytes or side_px == 1:
                return jpeg
        side_px = max(1, side_px // 2)


def _scale(image: Image, side_px: int) -> Image:
    height, width = image.shape[:2]
    factor = side_px / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
