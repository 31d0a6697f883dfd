"""Figures of whole days: whatever is written, in any order, those that are kept are those that follow from it."""

import re
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.base.process import REPOSITORY
from backend_api.checks.derived import check_derived
from backend_api.checks.finding import Kind
from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.corrections import UseTruth
from backend_api.contract.queries import DaysQuery, StatsQuery
from backend_api.contract.stats import StoreFigures
from backend_api.contract.stores import StoreSettings
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports import days as days_module
from backend_api.reports.reports import Reports
from backend_api.store.cameras import Cameras
from backend_api.store.events import Arrival, add_arrivals
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.days_writer import (
    AT_MIN,
    CHANGE,
    DAY_S,
    DAYS,
    EACH,
    END_OF_USE,
    KINDS,
    LATE,
    SETTINGS,
    START_OF_USE,
    USES,
    WINDOW,
    Writer,
    differing,
    keep_uses,
    kept,
    make,
)
from tests.backend_api.events import START, make_event
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_plans import SMALL, noted, whole_tables
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases


def by_stats(store: Store, store_id: str, day: date, zone: str) -> StoreFigures:
    """The same by GET /stats, of one store's day."""
    since, until = (datetime.combine(on, time(), ZoneInfo(zone)) for on in (day, day + timedelta(days=1)))
    [found] = Reports(store).stats(StatsQuery(store_id=store_id, since=since, until=until, tz=zone)).stores
    return found


def check_against_stats(store: Store) -> None:
    """Each store's day is what GET /stats says of it, and the chain is the sum of its stores and of its days."""
    reports = Reports(store)
    chain = reports.days(DAYS)
    zones = {state.store_id: state.settings.tz for state in reports.stores().items if state.settings is not None}
    added: dict[str, float] = {}
    for figures in chain.stores:
        store_id = figures.store_id
        assert reports.days(DAYS.model_copy(update={"store_id": store_id})).stores == [figures]
        for day in (day.day for day in chain.days):
            of_day = reports.days(DaysQuery(store_id=store_id, first_day=day, last_day=day))
            assert of_day.stores == [by_stats(store, store_id, day, zones.get(store_id, "UTC"))]
            for name, value in of_day.total.model_dump(include=ADDED).items():
                added[name] = added.get(name, 0) + value
    for name, value in added.items():
        assert getattr(chain.total, name) == pytest.approx(value), name
        assert sum(getattr(day, name) for day in chain.days) == pytest.approx(value), name
        assert sum(getattr(each, name) for each in chain.stores) == pytest.approx(value), name


ADDED = {
    *("occupied_s", "observed_s", "unobserved_s", "sessions"),
    *("windows_closed", "windows_cleaned", "windows_not_attempted", "windows_after_hours", "windows_not_judged"),
}


# What each change leaves of EACH.
LEAVES: list[tuple[str, object, list[int]]] = [
    ("add", [(2, END_OF_USE, 8, 0)], [0, 1, 3, 5]),
    ("add", [(0, START_OF_USE, 0, 0)], [1, 3, 5]),
    # What is told twice changes nothing.
    ("add", USES, [0, 1, 2, 3, 4, 5]),
    ("rerun", 3, [1, 3, 5]),
    ("judge", Verdict.NOT_CLEANED, [0, 1, 2, 3, 4, 5]),
    ("review", (3, Agree.NO), [0, 1, 2, 3, 4, 5]),
    ("correct", (0, UseTruth.NOBODY), [1, 3, 5]),
    ("correct", (2, UseTruth.TWO_PEOPLE), [0, 1, 3, 5]),
    ("hide", (7, True), [0, 1, 3, 5]),
    ("watch", (1, LATE), [0, 1, 2, 3, 4]),
    ("watch", (1, 0), [0, 2, 4]),
    # Until just before midnight.
    ("watch", (1, AT_MIN.index(899.75)), [0, 2, 4]),
    ("describe", (0, SETTINGS[1]), [0, 1, 2, 3, 4, 5]),
    # By the same clock, and with other hours: what is kept is read no more.
    ("describe", (0, SETTINGS[2]), [0, 1, 2, 3, 4, 5]),
    ("remove", None, [0, 1, 2, 3, 4, 5]),
]


@pytest.fixture
def writer(store: Store, clock: FakeClock) -> Writer:
    """Of two stores, of which EACH day is kept."""
    writer = keep_uses(store, clock)
    assert kept(store) == EACH
    return writer


@pytest.mark.sqlite_alone
@settings(max_examples=10, deadline=None)
@given(changes=st.lists(st.tuples(CHANGE, st.booleans()), min_size=1, max_size=8))
def test_whatever_is_written_what_is_kept_is_what_follows_from_it(
    changes: list[tuple[tuple[str, object], bool]],
) -> None:
    """After each change, and after the days that it took are computed again, or not yet."""
    clock = FakeClock()
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "app.db", clock)) as store:
        writer = keep_uses(store, clock)
        for (name, value), is_filled in changes:
            writer.write(name, value)
            assert differing(store) == []
            if is_filled:
                writer.fill(None)
        check_against_stats(store)
        assert differing(store) == []


@pytest.mark.parametrize(("name", "value", "left"), LEAVES)
def test_what_a_change_may_touch_is_dropped_and_computed_again(
    store: Store, writer: Writer, name: str, value: object, left: list[int]
) -> None:
    writer.write(name, value)
    assert kept(store) == [EACH[place] for place in left]
    assert differing(store) == []
    writer.fill(None)
    assert kept(store) == EACH
    assert differing(store) == []


def test_a_use_that_comes_back_drops_the_days_that_were_without_it(store: Store, writer: Writer) -> None:
    writer.hide((7, True))
    writer.fill(None)
    writer.hide((7, False))
    assert kept(store) == [EACH[place] for place in (0, 1, 3, 5)]
    check_against_stats(store)


def test_a_silence_that_another_backend_bridges_is_observed_on_the_day_before(store: Store, writer: Writer) -> None:
    """The camera's edge reports to the one until 45 s before midnight, and to the other from then on."""
    other = Cameras(store.database, writer.clock)
    assert other.states() == []
    writer.watch_at(1, 898.75)
    writer.fill(None)
    writer.watch_at(1, 900, other)
    assert kept(store) == [EACH[place] for place in (0, 2, 4)]
    check_against_stats(store)


def test_a_machine_of_today_counts_as_unobserved_on_the_days_before(store: Store, writer: Writer) -> None:
    before = writer.reports.days(DAYS)
    now_s = (writer.clock.now() - START).total_seconds()
    today = make_event(event_type=START_OF_USE, store_id="gym_1", machine_id="new", at_s=now_s, session_id=UUID(int=50))
    store.events.add([today])
    assert kept(store) == EACH
    found = writer.reports.days(DAYS)
    assert (before.total.machines, found.total.machines) == (4, 5)
    assert found.total.unobserved_s > before.total.unobserved_s + 2 * DAY_S
    check_against_stats(store)


def test_events_of_today_drop_nothing(store: Store, writer: Writer) -> None:
    writer.add([(0, kind, AT_MIN.index(7200), 0) for kind in (END_OF_USE, WINDOW)])
    assert kept(store) == [EACH[place] for place in (1, 3, 5)]
    writer.fill(None)
    writer.add([(4, kind, AT_MIN.index(7200), 0) for kind in KINDS])
    writer.judge(Verdict.CLEANED)
    writer.watch((0, AT_MIN.index(7200)))
    assert kept(store) == EACH


@pytest.mark.sqlite_alone
def test_events_of_today_cost_one_look_at_an_index_a_transaction_and_store(store: Store, writer: Writer) -> None:
    now = writer.clock.now()
    today = [Arrival.of(make(number % 5, KINDS[number % 4], AT_MIN.index(7200), 0), now) for number in range(40)]
    said: list[str] = []
    with store.database.write() as transaction:
        driver: Any = transaction.driver
        driver.set_trace_callback(said.append)
        add_arrivals(transaction, today)
    driver.set_trace_callback(None)
    looks = [statement for statement in said if "store_days" in statement]
    assert len(looks) == 2
    with store.database.read() as connection:
        for look in looks:
            plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}")]
            assert "SEARCH store_days USING INDEX ix_store_days_store (store_id=? AND end_ms>?)" in plan


@pytest.mark.sqlite_alone
def test_the_days_of_a_chain_are_found_by_an_index(store: Store, writer: Writer) -> None:
    with noted() as statements:
        writer.reports.days(DAYS)
    assert {name for said in statements for name in whole_tables(store, *said)} <= SMALL


def test_whoever_writes_what_days_follow_from_is_known_here() -> None:
    """A file that is new here touches the days (Transaction.touch), or says why no figure changes."""
    writes = re.compile(r"\b(?:Insert|insert|update|delete)\((?:sessions|observed_intervals)\b")
    sources = [*(REPOSITORY / "backend_api").rglob("*.py"), *(REPOSITORY / "mm_worker").rglob("*.py")]
    found = {path.name for path in sources if "migrations" not in path.parts and writes.search(path.read_text())}
    assert found == {
        "sessions.py",
        "recomputation.py",
        "cameras.py",
        # It marks the sessions that stay, and no figure changes.
        "old_events.py",
    }


def test_the_doctor_finds_a_day_that_differs_and_drops_it(store: Store, writer: Writer) -> None:
    with store.database.write() as transaction:
        damage = "UPDATE store_days SET figures = replace(figures, '\"sessions\":', '\"sessions\":9') WHERE store_id = "
        transaction.driver.execute(damage + "'gym_0' AND day = '2026-02-01'")
    [found] = [finding for finding in check_derived(store.database) if finding.kind is Kind.DIFFERENT_DAY]
    assert found.subject == "gym_0 2026-02-01"
    assert found.repair is not None
    found.repair()
    found.repair()
    assert kept(store) == [EACH[place] for place in (0, 1, 3, 5)]
    check_against_stats(store)


@pytest.mark.sqlite_alone
def test_days_begin_at_each_stores_own_midnight(store: Store, clock: FakeClock) -> None:
    """The clocks of Lord Howe are set by half an hour on 5 April 2026; nobody has said where gym_1 is."""
    writer = Writer(store, clock)
    store.stores.keep("gym_0", StoreSettings(name="A gym", tz="Australia/Lord_Howe"))
    writer.add(USES)
    clock.jump_wall_clock((datetime(2026, 4, 6, tzinfo=ZoneInfo("Australia/Lord_Howe")) - clock.now()).total_seconds())
    with pytest.raises(OutOfBounds, match="2026-04-05 is not over in every store, or not for an hour yet"):
        writer.reports.days(DaysQuery(last_day=date(2026, 4, 5)))
    clock.advance(3600)
    asked = DaysQuery(store_id="gym_0", first_day=date(2026, 4, 5), last_day=date(2026, 4, 5))
    assert writer.reports.days(asked).total.unobserved_s == 2 * 24.5 * 3600
    # In UTC that day is not over.
    assert writer.reports.days(DaysQuery()).last_day == date(2026, 4, 4)


# The day on which clocks are set, and how many hours it has; in Santiago and Beirut they are set at midnight.
SET_CLOCKS = [
    ("Europe/Berlin", date(2026, 3, 29), 23),
    ("Europe/Berlin", date(2025, 10, 26), 25),
    ("America/Santiago", date(2025, 9, 7), 23),
    ("America/Santiago", date(2026, 4, 4), 25),
    ("Asia/Beirut", date(2026, 3, 29), 23),
    ("America/Havana", date(2025, 11, 2), 25),
]


@pytest.mark.sqlite_alone
@pytest.mark.parametrize(("name", "day", "hours"), SET_CLOCKS)
def test_a_day_on_which_clocks_are_set_is_longer_or_shorter(
    store: Store, clock: FakeClock, name: str, day: date, hours: int
) -> None:
    """What happens around both midnights is on one day each; and a gym that moves to UTC has other days at once."""
    zone = ZoneInfo(name)
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    store.stores.keep("gym_0", StoreSettings(name="A gym", tz=name))
    for number, at_s in enumerate((-60, 60, hours * 3600 - 60, hours * 3600 + 60)):
        ts = begin + timedelta(seconds=at_s)
        kind = (START_OF_USE, END_OF_USE)[number % 2]
        store.events.add([make_event(event_type=kind, ts=ts, store_id="gym_0", session_id=UUID(int=number // 2))])
    clock.jump_wall_clock((begin - clock.now()).total_seconds() + 4 * DAY_S)
    wanted = DaysQuery(first_day=day - timedelta(days=1), last_day=day + timedelta(days=1))
    for tz in (name, "UTC", name):
        store.stores.keep("gym_0", StoreSettings(name="A gym", tz=tz))
        found = Reports(store).days(wanted)
        for each in found.days:
            asked = DaysQuery(first_day=each.day, last_day=each.day)
            assert Reports(store).days(asked).stores == [by_stats(store, "gym_0", each.day, tz)]
    assert [each.sessions for each in found.days] == [1, 1, 0]
    assert [each.occupied_s for each in found.days] == [60, 120, 60]
    assert found.days[1].observed_s + found.days[1].unobserved_s == hours * 3600


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"last_day": "2026-02-05"}, "last_day: 2026-02-05 is not over in every store"),
        ({"first_day": "2026-02-03", "last_day": "2026-02-01"}, "first_day: 2026-02-03 lies behind the last day"),
        ({"first_day": "2025-01-01"}, "first_day: it is more than 366 days"),
        ({"first_day": "yesterday"}, "first_day: "),
        ({"hours": "all"}, "hours: "),
    ],
)
@pytest.mark.sqlite_alone
def test_what_cannot_be_asked_is_refused_with_the_cure(
    client: TestClient, clock: FakeClock, query: dict[str, str], message: str
) -> None:
    clock.advance(5 * DAY_S)
    assert message in problem(client.get("/stats/days", params=query), 422).detail


@pytest.mark.sqlite_alone
def test_more_days_of_stores_than_an_answer_holds_are_refused(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days_module, "MAX_STORE_DAYS", 5)
    with pytest.raises(OutOfBounds, match="3 days of 2 stores, and an answer holds 5 days of stores at most: ask for"):
        writer.fill(None)
    writer.reports.days(DAYS.model_copy(update={"store_id": "gym_0"}))
