"""Days that are not kept are computed: for some seconds a request, by one at a time, and ahead of who asks."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.corrections import UseTruth
from backend_api.contract.queries import DaysQuery
from backend_api.contract.stats import DayStats
from backend_api.contract.stores import StoreSettings
from backend_api.reports import days as days_module
from backend_api.reports.days import FILL_S, LOOK_EVERY_S, Gym, compute_day
from backend_api.reports.figures import Sums
from backend_api.reports.reports import Reports
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.store_days import StoreDay
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.days_writer import (
    EACH,
    SETTINGS,
    START_OF_USE,
    USES,
    Writer,
    differing,
    kept,
)
from tests.backend_api.reports.test_days import check_against_stats, writer
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases
__all__ = ["writer"]


def interrupt(monkeypatch: pytest.MonkeyPatch, interruptions: list[object]) -> list[StoreDay]:
    """Call each of `interruptions` once, before a day is computed; the days that are computed."""
    computed = []

    def compute(connection: object, gym: Gym, day: StoreDay) -> Sums:
        sums = compute_day(connection, gym, day)  # type: ignore[arg-type]
        computed.append(day)
        if interruptions:
            call = interruptions.pop(0)
            assert callable(call)
            call()
        return sums

    monkeypatch.setattr(days_module, "compute_day", compute)
    return computed


def test_what_changes_while_it_is_computed_is_not_kept(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write("rerun", 3)
    late = (0, START_OF_USE, 0, 0)
    other = StoreSettings.model_validate(SETTINGS[4])
    computed = interrupt(
        monkeypatch, [lambda: writer.add([late]), lambda: store.stores.keep("gym_0", other), lambda: None]
    )
    writer.fill(None)
    monkeypatch.undo()
    # Three at first, all in vain; then again, by other hours; then they are right.
    assert len(computed) >= 6
    assert kept(store) == EACH
    assert differing(store) == []
    check_against_stats(store)


def test_what_is_described_otherwise_before_it_is_computed_is_not_kept(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor may it be there when it is described as before again."""
    writer.describe((0, SETTINGS[0]))
    writer.rerun(3)
    announce = store.days.announce

    def describe(days: Sequence[StoreDay]) -> str:
        monkeypatch.undo()
        writer.describe((0, SETTINGS[2]))
        writer.clock.advance(FILL_S)
        return announce(days)

    monkeypatch.setattr(store.days, "announce", describe)
    with pytest.raises(StoreBusy):
        writer.fill(None)
    writer.describe((0, SETTINGS[0]))
    assert differing(store) == []
    check_against_stats(store)


def test_a_request_computes_for_some_seconds_and_says_what_is_missing(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.correct((0, UseTruth.NOBODY))
    writer.correct((1, UseTruth.NOBODY))
    assert kept(store) == []
    interrupt(monkeypatch, [lambda: writer.clock.advance(FILL_S / 2)] * 4)
    with pytest.raises(StoreBusy, match="figures of 4 of 6 days of stores are not computed yet; each request computes"):
        writer.fill(None)
    assert len(kept(store)) == 2
    with pytest.raises(StoreBusy, match="figures of 2 of 6 days"):
        writer.fill(None)
    writer.fill(None)
    assert kept(store) == EACH


def test_one_request_computes_at_a_time(store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.correct((0, UseTruth.NOBODY))
    refused: list[str] = []

    def ask() -> None:
        with pytest.raises(StoreBusy) as error:
            writer.fill(None)
        refused.append(str(error.value))

    computed = interrupt(monkeypatch, [ask])
    writer.fill(None)
    assert len(refused) == 1
    assert "figures of 3 of 6 days" in refused[0]
    assert len(computed) == 3


def test_the_last_days_are_computed_ahead_of_who_asks(store: Store, writer: Writer) -> None:
    reports = Reports(store)
    reports.keep_days()
    week = reports.days(DaysQuery())
    assert (week.first_day, week.last_day) == (date(2026, 1, 29), date(2026, 2, 4))
    assert len(kept(store)) == 14
    writer.correct((0, UseTruth.NOBODY))
    assert len(kept(store)) == 9
    reports.keep_days()
    assert len(kept(store)) == 9
    writer.clock.advance(LOOK_EVERY_S)
    reports.keep_days()
    assert len(kept(store)) == 14


@pytest.mark.sqlite_alone
def test_computing_ahead_takes_a_moment_at_a_time_and_goes_on(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = interrupt(monkeypatch, [lambda: writer.clock.advance(1.0)] * 20)
    for _ in range(8):
        writer.reports.keep_days()
    # Of 14 there were six: what is left of a step is not forgotten.
    assert len(kept(store)) == 14
    assert len(computed) == 8
    # The newest first.
    assert computed[0].day == date(2026, 2, 4)


@pytest.mark.sqlite_alone
def test_trouble_with_the_database_is_told_and_tried_again_later(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_days: object) -> str:
        raise StoreBusy("another process holds the database's lock")

    monkeypatch.setattr(store.days, "announce", fail)
    writer.reports.keep_days()
    writer.reports.keep_days()
    [told] = [record.getMessage() for record in caplog.records if record.name == days_module.__name__]
    assert told.endswith("somebody asks for them: another process holds the database's lock")


@pytest.mark.sqlite_alone
def test_the_api_answers_a_chain_and_says_when_it_is_not_ready(
    client: TestClient, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(store, clock)
    nothing = client.get("/stats/days").json()
    assert (nothing["stores"], nothing["total"]["sessions"], len(nothing["days"])) == ([], 0, 7)
    writer.add(USES)
    asked = {"first_day": "2026-01-31", "last_day": "2026-02-02"}
    interrupt(monkeypatch, [lambda: clock.advance(FILL_S)])
    early = client.get("/stats/days", params=asked)
    assert "figures of 5 of 6 days of stores are not computed yet" in problem(early, 503).detail
    assert int(early.headers["Retry-After"]) > 0
    found = DayStats.model_validate(client.get("/stats/days", params=asked).json())
    assert [each.store_id for each in found.stores] == ["gym_0", "gym_1"]
    assert (found.total.sessions, [day.sessions for day in found.days]) == (4, [2, 2, 0])


def test_nothing_is_left_of_an_interrupted_computation(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were announced and never filled in are taken over."""
    writer.correct((0, UseTruth.NOBODY))

    def stop() -> None:
        raise KeyboardInterrupt

    interrupt(monkeypatch, [stop])
    with suppress(KeyboardInterrupt):
        writer.fill(None)
    assert len(kept(store)) == 3
    writer.fill(None)
    assert kept(store) == EACH
