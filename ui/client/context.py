"""The settings, the client of the backend, and the time zone, which every page shares."""

import os

import streamlit as st

from backend_api.contract.people import Person
from ui.client.api import BackendApi
from ui.client.settings import Settings
from ui.client.sign_in import person_here
from ui.text.local_time import Zone


def settings() -> Settings:
    """Where the backend is. Raises UsageError when the environment names no address."""
    return Settings.from_environment(os.environ)


# As many people as sit before it in a while; a client that is dropped closes its connections by itself.
@st.cache_resource(show_spinner=False, max_entries=200)
def _api(url: str, api_key: str | None, acting_for: str | None) -> BackendApi:
    return BackendApi(url, api_key, None if acting_for is None else Person.from_header(acting_for))


def api() -> BackendApi:
    """The client of the backend, one for all sessions of a person, so that connections are kept.

    Raises NobodyThere when the person may no longer see anything.
    """
    person = person_here()
    return _api(settings().backend_url, settings().api_key, None if person is None else person.header())


def browser_url(path: str) -> str:
    """The address at which this session's browser finds the backend's `path`."""
    return settings().browser_url(path, st.context.url)


def zone() -> Zone:
    """The store's time zone (GYM_TIME_ZONE), or else that of this session's browser. Every page names it."""
    return Zone.from_name(settings().time_zone or st.context.timezone)
