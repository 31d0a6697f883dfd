"""A page that is drawn anew when its content has changed, and not before."""

from collections.abc import Callable, Iterator
from itertools import count

import streamlit as st

from ui.client.api import BackendError

REFRESH_S = 30.0


def rerun_when_changed(fetch: Callable[[], object], shown: object) -> None:
    """Compare the result of `fetch` with `shown` every REFRESH_S; an error of the backend draws the page again, too."""
    st.fragment(_compare, run_every=REFRESH_S)(fetch, shown, count())


def _compare(fetch: Callable[[], object], shown: object, runs: Iterator[int]) -> None:
    if next(runs) == 0:
        return  # drawn just now
    try:
        changed = fetch() != shown
    except BackendError:
        changed = True  # the page meets the same error, and shows it
    if changed:
        st.rerun()
