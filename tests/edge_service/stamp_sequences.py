"""Time stamps as cameras and files have them: in the order of decoding, with B frames or not; and what befalls them."""

from dataclasses import dataclass

from hypothesis import strategies as st

_LEAPS_S = st.sampled_from([3600.0, -3600.0, 37_600.0, -9800.0, 95_443.7, 1e7]) | st.floats(-30, 30)


def decoding_order(count: int, b_frames: int, *, pyramid: bool) -> list[int]:
    """Places in the order of showing, each `b_frames` after the picture that they refer to."""
    order, last = [0], 0
    while len(order) < count:
        between = list(range(last + 1, last + b_frames + 1))
        if pyramid and len(between) > 2:
            between.insert(0, between.pop(len(between) // 2))
        last += b_frames + 1
        order += [last, *between]
    return order[:count]


@dataclass(frozen=True)
class Sequence:
    """Pictures: `taken_s` in the order of decoding, `spacing_s` apart when shown; `reorder_depth` as the codec says."""

    taken_s: tuple[float, ...]
    spacing_s: float
    b_frames: int
    reorder_depth: int


@st.composite
def sequences(draw: st.DrawFn, count: int = 200) -> Sequence:
    b_frames, pyramid, fps = draw(st.integers(0, 3)), draw(st.booleans()), draw(st.sampled_from([5, 8, 10, 15, 25, 30]))
    depth = 0 if b_frames == 0 else 2 if pyramid and b_frames > 2 else 1
    places = decoding_order(count, b_frames, pyramid=pyramid)
    return Sequence(tuple(place / fps for place in places), 1 / fps, b_frames, depth)


@st.composite
def single_leaps(draw: st.DrawFn, count: int = 200, apart: int = 4) -> dict[int, float]:
    """By place in the order of decoding, by how much a stamp is wrong: never two of them closer than `apart`."""
    each = apart + 2
    places = draw(st.lists(st.integers(-(-12 // each), count // each - 1), min_size=1, max_size=8, unique=True))
    return {each * place + draw(st.integers(0, 2)): draw(_LEAPS_S) for place in places}


lasting_leaps = st.tuples(st.integers(40, 150), _LEAPS_S)
"""From which picture on a clock is another one, and by how much."""
