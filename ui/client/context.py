"""The settings, the client of the backend, and the time zone, which every page shares."""

import os

import streamlit as st

from ui.client.api import BackendApi
from ui.client.settings import Settings
from ui.text.local_time import Zone


def settings() -> Settings:
    """Where the backend is. Raises UsageError when the environment names no address."""
    return Settings.from_environment(os.environ)


@st.cache_resource(show_spinner=False)
def _api(url: str, api_key: str | None) -> BackendApi:
    return BackendApi(url, api_key)


def api() -> BackendApi:
    """The client of the backend, one for all sessions, so that connections are kept."""
    return _api(settings().backend_url, settings().api_key)


def browser_url(path: str) -> str:
    """The address at which this session's browser finds the backend's `path`."""
    return settings().browser_url(path, st.context.url)


def zone() -> Zone:
    """The store's time zone (GYM_TIME_ZONE), or else that of this session's browser. Every page names it."""
    return Zone.from_name(settings().time_zone or st.context.timezone)
