"""A worker's presence: noted while it works, with the cap, and taken back by one that was to end."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend_api.base.instants import to_ms
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store
from mm_worker.jobs.presence import EVERY_S, Presence, present
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    with closing(fresh_store(tmp_path / "app.db", clock)) as store:
        yield store


def seen(store: Store) -> str | None:
    return store.settings.find(SettingName.WORKER_SEEN_MS)


def test_it_is_noted_with_the_cap_that_is_reached(store: Store, clock: FakeClock) -> None:
    caps = iter(["the daily cap of 5 calls is reached", None])
    presence = Presence(store, "5 calls", lambda: next(caps), clock)
    presence.note()
    assert seen(store) == str(to_ms(clock.now()))
    assert store.worker_caps.reached() == (True, "the daily cap of 5 calls is reached")
    clock.advance(EVERY_S)
    presence.note()
    assert seen(store) == str(to_ms(clock.now()))
    assert store.worker_caps.reached() == (True, None)


def test_it_stays_when_the_worker_stops_and_goes_when_it_was_to_end(store: Store, clock: FakeClock) -> None:
    presence = Presence(store, "", lambda: None, clock)
    presence.note()
    with present(presence, drain=False):
        pass
    assert seen(store) is not None
    with present(presence, drain=True):
        pass
    assert seen(store) is None


def test_a_database_that_is_busy_stops_no_worker(store: Store, clock: FakeClock) -> None:
    def busy() -> str | None:
        raise StoreBusy("the lock is held")

    Presence(store, "", busy, clock).note()
    # What could not be said of the cap says nothing of whether it is there.
    assert seen(store) is not None


def test_what_nobody_foresaw_does_not_make_it_look_away(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    errors, noted = [ArithmeticError("nobody thought of this")], threading.Event()

    def odd() -> str | None:
        if errors:
            raise errors.pop()
        noted.set()
        return None

    with present(Presence(store, "", odd, clock), drain=False):
        assert noted.wait(60)
    assert seen(store) is not None
    assert "the worker's presence is not noted: ArithmeticError: nobody thought of this" in caplog.text
