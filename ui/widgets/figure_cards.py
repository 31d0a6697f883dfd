"""Figures at a glance: a card each, with its unit, its change since before in words, and its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Literal

import streamlit as st

from ui.text.words import duration, percent
from ui.widgets.charts import current_palette

NO_FIGURE = "none"
_ARROWS = {"up": "▲ ", "down": "▼ ", "none": ""}


class Wanted(StrEnum):
    """Which way a figure should go."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A difference in words, e.g. `up 5 points from 70 %`."""

    words: str
    direction: Literal["up", "down", "none"]
    wanted: Wanted

    @property
    def is_good(self) -> bool | None:
        """Whether it went where it should; None when there is nothing to say."""
        if self.direction == "none" or self.wanted is Wanted.EITHER:
            return None
        return self.direction == self.wanted.value


def share_change(now: float | None, before: float | None, wanted: Wanted) -> FigureChange | None:
    """Between two shares of 0 to 1, in points of whole per cent; None without one of them."""
    if now is None or before is None:
        return None
    points = round(100 * now) - round(100 * before)
    word = "point" if abs(points) == 1 else "points"
    return _difference(points, f"{abs(points)} {word} from {percent(before)}", wanted)


def count_change(now: int, before: int, wanted: Wanted) -> FigureChange:
    """Between two counts."""
    return _difference(now - before, f"{abs(now - before)} from {before}", wanted)


def duration_change(now_s: float | None, before_s: float | None, wanted: Wanted) -> FigureChange | None:
    """Between two lengths of time in seconds; None without one of them."""
    if now_s is None or before_s is None:
        return None
    if duration(now_s) == duration(before_s):
        return _difference(0, "", wanted)
    return _difference(now_s - before_s, f"{duration(abs(now_s - before_s))} from {duration(before_s)}", wanted)


def _difference(difference: float, words: str, wanted: Wanted) -> FigureChange:
    if difference == 0:
        return FigureChange("as before", "none", wanted)
    direction: Literal["up", "down"] = "up" if difference > 0 else "down"
    return FigureChange(f"{direction} {words}", direction, wanted)


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: its name, its value in words, what it is of, its change, and what it means."""

    label: str
    value: str
    note: str
    meaning: str
    change: FigureChange | None = None


def show_cards(cards: Sequence[Card], before: str) -> None:
    """Draw the cards side by side, as many as there is room for, and below them that changes are against `before`."""
    st.html(f'<dl class="figures">{"".join(_card(card) for card in cards)}</dl>')
    if any(card.change for card in cards):
        st.caption(f"Changes are against {before}.")


def _card(card: Card) -> str:
    lines = (
        f"<div><dt>{escape(card.label)}</dt>"
        f'<dd class="value">{escape(card.value)}</dd>'
        f"<dd>{escape(card.note)}</dd>"
        f"{_change(card.change) if card.change else ''}"
        f"<dd><details><summary>Meaning</summary>{escape(card.meaning)}</details></dd></div>"
    )
    return lines.replace(" %", "\N{NO-BREAK SPACE}%")


def _change(change: FigureChange) -> str:
    palette = {True: current_palette().good, False: current_palette().bad, None: "inherit"}
    arrow = f'<span aria-hidden="true">{_ARROWS[change.direction]}</span>'
    return f'<dd style="color: {palette[change.is_good]}">{arrow}{escape(change.words)}</dd>'
