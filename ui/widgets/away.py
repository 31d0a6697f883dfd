"""The card that stands in for a page while the backend cannot answer, until it can."""

from collections.abc import Iterator
from itertools import count

import streamlit as st

from backend_api.base.process import UsageError
from ui.client.api import BackendApi, BackendError, Refused, Unreachable
from ui.client.settings import Settings

RETRY_S = 2.0
UNAUTHORIZED, SERVER_ERROR = 401, 500

_KEY_TROUBLE = {False: "GYM_API_KEY is not set.", True: "The backend does not accept the one in GYM_API_KEY."}


def show_away(error: BackendError, api: BackendApi, settings: Settings) -> None:
    """Say what is wrong and what to do; where it can pass, run the page again once the backend is well."""
    passing = not isinstance(error, Refused) or error.status >= SERVER_ERROR
    with st.container(border=True, key="away"):
        if isinstance(error, Unreachable):
            st.header("The backend is away", anchor=False)
            st.text(f"{error} Start it from the project's folder:")
            st.code(settings.start_command(), language=None, wrap_lines=True)
            st.text("If it runs elsewhere, start the dashboard with its address in GYM_BACKEND_URL.")
        elif isinstance(error, Refused) and error.status == UNAUTHORIZED:
            st.header("The backend asks for a key", anchor=False)
            st.text(f"{_KEY_TROUBLE[settings.api_key is not None]} Start the dashboard with the backend's key there.")
        else:
            st.header("The backend cannot answer this", anchor=False)
            st.text(str(error))
        if passing:
            st.caption("This page comes back by itself.")
    if passing:
        _wait_for_backend(api, count())


@st.fragment(run_every=RETRY_S)
def _wait_for_backend(api: BackendApi, runs: Iterator[int]) -> None:
    if next(runs) == 0:
        return  # drawn with the card just now: the first look is due after a pause
    try:
        api.check_health()
    except BackendError:
        return
    st.rerun()


def show_misconfigured(error: UsageError) -> None:
    """Say which setting is wrong; only a restart of the dashboard can correct it."""
    with st.container(border=True, key="away"):
        st.header("The dashboard is set up wrongly", anchor=False)
        st.text(f"{error}, then start the dashboard again.")
