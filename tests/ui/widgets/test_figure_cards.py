"""A change says how much, from what, and whether that is good."""

import pytest

from ui.widgets.figure_cards import FigureChange, Wanted, count_change, duration_change, share_change


@pytest.mark.parametrize(
    ("now", "before", "words", "is_good"),
    [
        (0.75, 0.7, "up 5 points from 70 %", True),
        (0.69, 0.7, "down 1 point from 70 %", False),
        (0.701, 0.699, "as before", None),
        (1.0, 0.0, "up 100 points from 0 %", True),
    ],
)
def test_shares(now: float, before: float, words: str, is_good: bool | None) -> None:
    change = share_change(now, before, Wanted.UP)
    assert change is not None
    assert (change.words, change.is_good) == (words, is_good)


@pytest.mark.parametrize(
    ("now_s", "before_s", "words", "is_good"),
    [(30.0, 75.0, "down 45 s from 1 min 15 s", True), (80.0, 75.0, "up 5 s from 1 min 15 s", False)],
)
def test_lengths_of_time(now_s: float, before_s: float, words: str, is_good: bool) -> None:
    change = duration_change(now_s, before_s, Wanted.DOWN)
    assert change is not None
    assert (change.words, change.is_good) == (words, is_good)


def test_what_reads_the_same_has_not_changed() -> None:
    assert duration_change(12.01, 12.0, Wanted.DOWN) == FigureChange("as before", "none", Wanted.DOWN)


def test_counts_may_go_either_way() -> None:
    assert count_change(12, 10, Wanted.EITHER) == FigureChange("up 2 from 10", "up", Wanted.EITHER)
    assert count_change(12, 10, Wanted.EITHER).is_good is None


def test_with_nothing_before_there_is_no_change() -> None:
    assert share_change(0.5, None, Wanted.UP) is None
    assert duration_change(None, 3.0, Wanted.UP) is None
