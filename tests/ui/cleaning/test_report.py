"""Cards say what each figure is of, and never 0 % where nothing closed."""

from tests.ui.made_up import make_figures
from ui.cleaning.report import cleaning_cards

BUSY = make_figures(
    sessions=5,
    windows_closed=4,
    windows_cleaned=3,
    windows_not_attempted=1,
    compliance=0.75,
    median_to_clean_s=40.0,
)


def test_small_numbers_are_told_as_they_are() -> None:
    compliance, to_clean, uncleaned, closed = cleaning_cards(BUSY, make_figures())
    assert (compliance.value, compliance.note) == ("75 %", "3 of 4 windows")
    assert (to_clean.value, to_clean.note) == ("40 s", "of 3 cleaned windows")
    assert (uncleaned.value, uncleaned.note) == ("1", "1 no attempt")
    assert (closed.value, closed.note) == ("4", "after 5 sessions that began")
    assert {card.change for card in (compliance, to_clean, uncleaned, closed)} == {None}
    assert all(card.meaning for card in (compliance, to_clean, uncleaned, closed))


def test_changes_are_against_what_was_before() -> None:
    before = make_figures(windows_closed=2, windows_not_cleaned=2, compliance=0.0)
    changes = [card.change for card in cleaning_cards(BUSY, before)]
    assert [change and change.words for change in changes] == [
        "up 75 points from 0 %",
        None,
        "down 1 from 2",
        "up 2 from 2",
    ]
    assert [change and change.is_good for change in changes] == [True, None, True, None]


def test_of_nothing_there_is_no_figure() -> None:
    values = [card.value for card in cleaning_cards(make_figures(), BUSY)]
    assert values == ["none", "none", "0", "0"]
