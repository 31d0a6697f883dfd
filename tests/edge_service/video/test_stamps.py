"""Which time stamps are believed."""

from hypothesis import given
from hypothesis import strategies as st

from edge_service.video.stamps import MAX_REORDERED, StampLine, usual_spacing
from tests.edge_service.stamp_sequences import Sequence, decoding_order, sequences


def believed(stamps: list[float], spacing: float | None = 1.0, free: float = 0.0) -> list[float]:
    line, result = StampLine(), []
    for stamp in stamps:
        if line.continues(stamp, spacing, free=free):
            line.accept(stamp)
            result.append(stamp)
    return result


def test_what_leaps_or_falls_back_is_not_believed() -> None:
    assert believed([0, 1, 2, 3600, 3, -500, 4, 4, 5]) == [0, 1, 2, 3, 4, 5]


def test_a_lost_picture_is_nothing_odd_nor_is_a_free_step() -> None:
    assert believed([0, 1, 3, 4]) == [0, 1, 3, 4]
    assert believed([0, 1, 9, 10], free=10.0) == [0, 1, 9, 10]


def test_two_pictures_never_have_the_same_place() -> None:
    assert believed([0, 1, 2, 3, 1, 1.1, 4]) == [0, 1, 2, 3, 4]


@given(sequences())
def test_pictures_out_of_order_are_believed_and_the_depth_is_learned(sequence: Sequence) -> None:
    line = StampLine()
    for taken_s in sequence.taken_s:
        assert line.continues(taken_s, sequence.spacing_s, free=20 * sequence.spacing_s)
        line.accept(taken_s)
    assert line.reorder_depth == sequence.reorder_depth


@given(st.integers(0, 100))
def test_the_depth_is_bounded_whatever_the_codec_says(depth: int) -> None:
    assert StampLine(depth).reorder_depth == min(depth, MAX_REORDERED)


@given(sequences(), st.floats(-1e7, 1e7))
def test_the_usual_spacing_does_not_mind_a_wrong_stamp(sequence: Sequence, wrong: float) -> None:
    stamps = [*sequence.taken_s[:15], wrong]
    found = usual_spacing(stamps)
    assert found is not None
    assert abs(found - sequence.spacing_s) < 1e-6


def test_of_two_stamps_nothing_is_known() -> None:
    assert usual_spacing([1.0, 2.0]) is None
    assert usual_spacing([5.0] * 9) is None


def test_the_order_of_decoding_is_one() -> None:
    assert decoding_order(9, 3, pyramid=True) == [0, 4, 2, 1, 3, 8, 6, 5, 7]
