"""A dashboard that is reached from elsewhere, and a backend that is not: said, and never of another computer."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import streamlit as st

from ui.client import reach


@pytest.fixture(autouse=True)
def seen_from(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("GYM_BACKEND_URL", "GYM_PUBLIC_BACKEND_URL", "GYM_API_KEY", "GYM_TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    st.cache_data.clear()
    yield
    st.cache_data.clear()


def look(monkeypatch: pytest.MonkeyPatch, page_url: str | None, port: int) -> str | None:
    monkeypatch.setenv("GYM_BACKEND_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(st, "context", SimpleNamespace(url=page_url))
    return reach.unreachable_backend()


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of a backend that listens at 127.0.0.1 alone; 127.0.0.2 is another address of this computer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_backend_that_this_computers_other_address_does_not_reach_is_named(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    assert look(monkeypatch, "http://127.0.0.2:8501/", listening) == f"http://127.0.0.2:{listening}"
    with socket.create_server(("127.0.0.2", listening)):
        st.cache_data.clear()
        assert look(monkeypatch, "http://127.0.0.2:8501/", listening) is None


@pytest.mark.parametrize(
    "page_url",
    [
        None,
        "http://127.0.0.1:8501/",
        "http://192.0.2.1:8501/",
        "http://no-such-host.invalid:8501/",
        "https://[2001:db8::1]/",
    ],
)
def test_nothing_is_said_of_the_same_address_or_of_another_computer(
    monkeypatch: pytest.MonkeyPatch, listening: int, page_url: str | None
) -> None:
    assert look(monkeypatch, page_url, listening) is None


def test_an_address_that_somebody_gave_is_believed(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    monkeypatch.setenv("GYM_PUBLIC_BACKEND_URL", "https://gym.example")
    assert look(monkeypatch, "http://127.0.0.2:8501/", listening) is None
