"""The kinds of windows add up, labels fit, and gaps are told as gaps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stats import Figures, Unit
from tests.ui.made_up import make_bucket, make_figures
from ui.cleaning.breakdown import (
    KINDS,
    UNCLEANED,
    axis_labels,
    counts,
    kinds_in_words,
    trend_steps,
    uncleaned,
)
from ui.text.local_time import Zone

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
MONDAY = datetime(2026, 1, 25, 23, tzinfo=UTC)


def test_every_kind_of_window_is_a_figure_of_the_contract() -> None:
    assert set(KINDS) == {name for name in Figures.model_fields if name.startswith("windows_")} - {
        "windows_closed",
        "windows_after_hours",
        "windows_not_judged",
        "windows_cleaned_before_leaving",
    }
    assert set(UNCLEANED) == set(KINDS) - {"windows_cleaned"}


def test_every_outcome_with_a_closed_window_is_of_one_kind() -> None:
    listed = [outcome for outcomes in UNCLEANED.values() for outcome in outcomes]
    assert len(listed) == len(set(listed))
    assert set(SessionOutcome) - set(listed) == {
        SessionOutcome.CLEANED,
        SessionOutcome.IN_USE,
        SessionOutcome.NO_USE,
        SessionOutcome.NO_WINDOW,
        SessionOutcome.NOT_JUDGED,
        SessionOutcome.WINDOW_OPEN,
    }


def test_what_was_not_cleaned_is_told_by_kind() -> None:
    figures = make_figures(windows_closed=4, windows_cleaned=1, windows_not_attempted=2, windows_cannot_tell=1)
    assert uncleaned(figures) == 3
    assert kinds_in_words(figures) == "2 no attempt, 1 cannot tell"
    assert counts(figures) == (1, 2, 0, 1, 0)
    assert kinds_in_words(make_figures(windows_closed=1, windows_cleaned=1)) == "none"


@pytest.mark.parametrize(("unit", "label"), [(Unit.DAY, "Mon 26 Jan"), (Unit.HOUR, "00:00")])
def test_steps_are_labelled_in_the_zone(unit: Unit, label: str) -> None:
    [step] = trend_steps([make_bucket(MONDAY, MONDAY + timedelta(hours=1))], unit, BERLIN)
    assert step.label == label


@given(st.integers(0, 400))
def test_labels_are_few_evenly_spaced_and_begin_with_the_first(count: int) -> None:
    labels = axis_labels(count)
    assert len(labels) == min(count, len(labels)) <= 7
    if count:
        assert labels[0] == 0
        assert len(labels) >= min(count, 4)
        assert len({after - before for before, after in pairwise(labels)}) <= 1
