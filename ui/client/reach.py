"""Whether a browser on another computer reaches the backend, from which it fetches clips and pictures by itself."""

import socket
from urllib.parse import urlsplit

import streamlit as st

from ui.client.context import settings
from ui.client.settings import port_of

_CONNECT_S = 1.0
_LOOKED_AT_AGAIN_S = 30.0


def unreachable_backend() -> str | None:
    """The address at which this session's browser looks for the backend, when nothing answers there; else None.

    Only an address of this very computer is tried: of a proxy's, this process knows nothing.
    """
    found = settings()
    address = found.browser_url("", st.context.url)
    if found.public_backend_url is not None or address == found.backend_url:
        return None
    parts = urlsplit(address)
    return None if _answers(parts.hostname or "", port_of(parts)) else address


@st.cache_data(ttl=_LOOKED_AT_AGAIN_S, max_entries=100, show_spinner=False)
def _answers(host: str, port: int) -> bool:
    """Whether something listens at `port` of `host`; also true when `host` is another computer."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        return True
    if not _is_own(family, str(address[0])):
        return True
    try:
        with socket.create_connection((str(address[0]), port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False


def _is_own(family: int, address: str) -> bool:
    """Whether `address` is one of this computer's: only such a one can be bound."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
