"""What many sessions look at is asked for once, kept for a while, and asked for anew when an operator wants it."""

from collections.abc import Callable, Iterator

import pytest
import streamlit as st
from streamlit.runtime.caching import cache_utils

from backend_api.contract.sessions import MachineList, SessionPage
from ui.client import cache
from ui.client.api import BackendApi, Unreachable
from ui.client.queries import SessionQuery


class CountingApi(BackendApi):
    """Answers without a network, and counts what it is asked; `away` refuses."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.asked: list[object] = []
        self.away = False

    def machines(self) -> MachineList:
        self._count("machines")
        return MachineList(items=[])

    def sessions(self, query: SessionQuery, *, limit: int, cursor: str | None = None) -> SessionPage:
        self._count((query, limit))
        return SessionPage(items=[], next_cursor=None)

    def _count(self, what: object) -> None:
        self.asked.append(what)
        if self.away:
            raise Unreachable("Nobody there.")


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingApi]:
    """Time stands still behind it: what is shared for a while is shared for the whole test."""
    door = CountingApi()
    monkeypatch.setattr(cache, "api", lambda: door)
    monkeypatch.setattr(cache_utils, "TTLCACHE_TIMER", lambda: 0.0)
    st.cache_resource.clear()  # what is made from here on goes by that time
    yield door
    st.cache_resource.clear()


def both(look: Callable[[], object]) -> tuple[object, object]:
    return look(), look()


def test_two_who_look_at_the_same_share_one_answer(door: CountingApi) -> None:
    first, second = both(cache.machines)
    assert first is second
    assert door.asked == ["machines"]
    cache.look_again()
    cache.machines()
    assert door.asked == ["machines", "machines"]


def test_other_questions_have_other_answers(door: CountingApi) -> None:
    both(lambda: cache.sessions(SessionQuery(), limit=9))
    cache.sessions(SessionQuery(reviewed=False), limit=9)
    cache.sessions(SessionQuery(), limit=50)
    assert door.asked == [(SessionQuery(), 9), (SessionQuery(reviewed=False), 9), (SessionQuery(), 50)]


def test_an_error_is_nobody_elses(door: CountingApi) -> None:
    door.away = True
    with pytest.raises(Unreachable):
        cache.machines()
    door.away = False
    assert cache.machines().items == []
