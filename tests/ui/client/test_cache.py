"""What many sessions look at is asked for once, kept for a while, and asked for anew when an operator wants it."""

from collections.abc import Callable, Iterator

import pytest
import streamlit as st
from streamlit.runtime.caching import cache_utils

from backend_api.contract.people import Person, Role
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import MachineList, SessionPage
from ui.client import cache
from ui.client.api import BackendApi, Unreachable


class CountingApi:
    """Answers without a network for every client, and counts what it is asked; `away` refuses."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.away = False

    def machines(self, _client: BackendApi) -> MachineList:
        self._count("machines")
        return MachineList(items=[])

    def sessions(self, _client: BackendApi, query: SessionQuery) -> SessionPage:
        self._count(query)
        return SessionPage(items=[], next_cursor=None)

    def _count(self, what: object) -> None:
        self.asked.append(what)
        if self.away:
            raise Unreachable("Nobody there.")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingApi]:
    """Time stands still behind it: what is shared for a while is shared for the whole test."""
    backend = CountingApi()
    monkeypatch.setattr(BackendApi, "machines", lambda client: backend.machines(client))
    monkeypatch.setattr(BackendApi, "sessions", lambda client, query: backend.sessions(client, query))
    monkeypatch.setattr(cache, "api", lambda: BackendApi("http://127.0.0.1:1"))
    monkeypatch.setattr(cache_utils, "TTLCACHE_TIMER", lambda: 0.0)
    st.cache_resource.clear()  # what is made from here on goes by that time
    yield backend
    st.cache_resource.clear()


def both(look: Callable[[], object]) -> tuple[object, object]:
    return look(), look()


def test_two_who_look_at_the_same_share_one_answer(backend: CountingApi) -> None:
    first, second = both(cache.machines)
    assert first is second
    assert backend.asked == ["machines"]
    cache.forget_answers()
    cache.machines()
    assert backend.asked == ["machines", "machines"]


def test_two_people_share_nothing(backend: CountingApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in (Role.VIEWER, Role.MANAGER, Role.VIEWER):
        person = Person(person_id="ada", name="Ada", role=role)
        monkeypatch.setattr(cache, "api", lambda person=person: BackendApi("http://127.0.0.1:1", None, person))
        cache.machines()
    assert backend.asked == ["machines", "machines"]


def test_other_questions_have_other_answers(backend: CountingApi) -> None:
    both(lambda: cache.sessions(SessionQuery()))
    cache.sessions(SessionQuery(reviewed=False))
    cache.sessions(SessionQuery(limit=9))
    assert backend.asked == [SessionQuery(), SessionQuery(reviewed=False), SessionQuery(limit=9)]


def test_an_error_is_nobody_elses(backend: CountingApi) -> None:
    backend.away = True
    with pytest.raises(Unreachable):
        cache.machines()
    backend.away = False
    assert cache.machines().items == []
