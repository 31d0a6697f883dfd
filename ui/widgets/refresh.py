"""A page that is drawn anew when what it shows has changed, and not before."""

from collections.abc import Callable, Iterator
from itertools import count

import streamlit as st

from ui.client.api import BackendError

REFRESH_S = 30.0


def draw_anew_when_changed(look: Callable[[], object], shown: object) -> None:
    """Compare what `look` gives with what is shown, every REFRESH_S; when it can not be had, the page says so, too."""
    st.fragment(_compare, run_every=REFRESH_S)(look, shown, count())


def _compare(look: Callable[[], object], shown: object, runs: Iterator[int]) -> None:
    if next(runs) == 0:
        return  # drawn just now
    try:
        changed = look() != shown
    except BackendError:
        changed = True  # the page meets the same error, and shows it
    if changed:
        st.rerun()
