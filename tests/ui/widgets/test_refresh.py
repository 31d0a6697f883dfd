"""A page is drawn anew when what it shows has changed, or cannot be had any more, and at no other time."""

from collections.abc import Callable
from itertools import count

import pytest
import streamlit as st

from ui.client.api import Unreachable
from ui.widgets import refresh


class Rerun(Exception):
    """The page is drawn anew."""


@pytest.fixture(autouse=True)
def rerun(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_anew() -> None:
        raise Rerun

    monkeypatch.setattr(st, "rerun", draw_anew)


def away() -> int:
    raise Unreachable("Nothing answers.")


@pytest.mark.parametrize("look", [lambda: 2, away])
def test_a_change_or_a_backend_that_is_away_draws_the_page_anew(look: Callable[[], int]) -> None:
    runs = count()
    refresh._compare(look, 1, runs)  # together with the page, which has just asked
    with pytest.raises(Rerun):
        refresh._compare(look, 1, runs)


def test_what_stays_the_same_is_left_alone() -> None:
    runs = count()
    for _ in range(3):
        refresh._compare(lambda: 1, 1, runs)
