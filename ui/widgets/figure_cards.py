"""Figures at a glance: a card each, with what it is of, how it changed, and what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from ui.widgets.charts import ink
from ui.widgets.comparison import Change

NO_FIGURE = "none"
_ARROWS = {"up": "▲ ", "down": "▼ ", "none": ""}


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: its name, its value in words, what it is of, its change, and what it means."""

    label: str
    value: str
    note: str
    meaning: str
    change: Change | None = None


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
        f"<dd><details><summary>What it means</summary>{escape(card.meaning)}</details></dd></div>"
    )
    return lines.replace(" %", "\N{NO-BREAK SPACE}%")


def _change(change: Change) -> str:
    colors = {True: ink().good, False: ink().bad, None: "inherit"}
    arrow = f'<span aria-hidden="true">{_ARROWS[change.direction]}</span>'
    return f'<dd style="color: {colors[change.is_good]}">{arrow}{escape(change.words)}</dd>'
