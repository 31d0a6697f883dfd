"""How a decoded frame becomes the picture that people see: upright, its pixels square."""

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edge_service.video.frame import Image
from edge_service.video.orientation import UPRIGHT, Orientation
from edge_service.video.packets import StreamFormat

Plane = npt.NDArray[np.uint8]


def to_image(
    frame: VideoFrame,
    stream_format: StreamFormat,
    size: tuple[int, int] | None = None,
    reformatter: VideoReformatter | None = None,
) -> Image:
    """The upright picture, stretched to `size`, width and height in pixels: height x width x 3, uint8, BGR.

    Without a size it is `stream_format.display_size`. A `reformatter` of one's own is quicker for many of one size.
    """
    flat = _stretched(frame, size or stream_format.display_size, stream_format.orientation, "bgr24", reformatter)
    return np.ascontiguousarray(stream_format.orientation.applied(_as_array(flat)))


def to_yuv420p(frame: VideoFrame, stream_format: StreamFormat, size: tuple[int, int] | None = None) -> VideoFrame:
    """The upright picture as 8-bit yuv420p, stretched to `size`, width and height in pixels, both even.

    Without a size it is `even_size`. Keeps the time stamp, and the frame itself where nothing has to change.
    """
    width, height = size or even_size(stream_format)
    result = _stretched(frame, (width, height), stream_format.orientation, "yuv420p")
    if stream_format.orientation != UPRIGHT:
        packed = _as_array(result).reshape(-1)
        planes = _turned_planes(packed, result.width, result.height, stream_format.orientation)
        result = VideoFrame.from_ndarray(planes.reshape(height * 3 // 2, width), format="yuv420p")
    result.pts, result.time_base = frame.pts, stream_format.time_base
    return result


def even_size(stream_format: StreamFormat) -> tuple[int, int]:
    """`display_size` with each side rounded up to an even number, as yuv420p needs it."""
    width, height = stream_format.display_size
    return width + width % 2, height + height % 2


def _stretched(
    frame: VideoFrame,
    size: tuple[int, int],
    orientation: Orientation,
    pixel_format: str,
    reformatter: VideoReformatter | None = None,
) -> VideoFrame:
    """`frame`, not yet turned, so that it has `size` when it is."""
    width, height = reversed(size) if orientation.is_transposed else size
    color_range = "MPEG" if pixel_format == "yuv420p" else None
    return (reformatter or VideoReformatter()).reformat(
        frame, width=width, height=height, format=pixel_format, dst_color_range=color_range
    )


def _as_array(frame: VideoFrame) -> Plane:
    return np.asarray(frame.to_ndarray(), np.uint8)


def _turned_planes(packed: Plane, width: int, height: int, orientation: Orientation) -> Plane:
    """Turn the luma plane and the two chroma planes of a quarter its size, which lie one behind the other."""
    luma, chroma = width * height, width * height // 4
    parts = [
        packed[:luma].reshape(height, width),
        packed[luma : luma + chroma].reshape(height // 2, width // 2),
        packed[luma + chroma :].reshape(height // 2, width // 2),
    ]
    return np.concatenate([orientation.applied(part).reshape(-1) for part in parts])
