"""The board of cards, one a machine: names, states and times come in words, the browser counts the seconds down."""

from pathlib import Path

import streamlit as st

from ui.now.cards import GroupData

_FOLDER = Path(__file__).parent
_board = st.components.v2.component(
    "machine_board",
    html='<div class="board"></div>',
    css=(_FOLDER / "board.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "board.js").read_text(encoding="utf-8"),
)


def show_board(groups: list[GroupData]) -> str | None:
    """Draw the cards; the id of the session whose card was clicked just now, if one was."""
    result = _board(key="board", data={"groups": groups}, on_picked_change=lambda: None)
    picked: str | None = result.picked
    return picked
