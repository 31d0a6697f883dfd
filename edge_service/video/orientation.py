"""How a picture must be turned and mirrored to look as players show it: one of eight ways (pure)."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Orientation:
    """First rows and columns are exchanged where `is_transposed`, then columns and rows are reversed, as said."""

    is_transposed: bool = False
    reverses_columns: bool = False
    reverses_rows: bool = False

    def applied(self, plane: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
        """`plane` (height x width, or more dimensions after these) as it is shown: a view of the same memory."""
        if self.is_transposed:
            plane = plane.swapaxes(0, 1)
        return plane[:: -1 if self.reverses_rows else 1, :: -1 if self.reverses_columns else 1]


UPRIGHT = Orientation()


def orientation_of(frame: VideoFrame) -> Orientation:
    """As the display matrix of `frame` says, from the container or the codec; upright where it has none.

    The matrix (ISO/IEC 14496-12, 8.2.2; libavutil/display.h) maps x, y of the picture to a x + c y, b x + d y. Whatever
    else it may do, such as turning by 7 degrees, is brought to the nearest of the eight.
    """
    side_data: Any = frame.side_data  # its types do not know the matrix
    try:
        matrix = side_data["DISPLAYMATRIX"]
    except KeyError:
        return UPRIGHT
    a, b, _, c, d, *_ = (int(number) for number in np.frombuffer(bytes(matrix), np.int32))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(reverses_columns=a < 0, reverses_rows=d < 0)
    return Orientation(is_transposed=True, reverses_columns=c < 0, reverses_rows=b < 0)
