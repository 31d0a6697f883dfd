"""Figures of whole days: whatever is written, in any order, those that are kept are those that follow from it."""

import re
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import date, datetime, time, timedelta
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
from backend_api.contract.cameras import CameraReport
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import DaysQuery, StatsQuery
from backend_api.contract.stats import DayStats, StoreFigures
from backend_api.contract.stores import StoreSettings
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports import days as days_module
from backend_api.reports.days import FILL_S, LOOK_EVERY_S, Gym, compute_day, differing_day
from backend_api.reports.figures import Sums
from backend_api.reports.reports import Reports
from backend_api.store.db.errors import StoreBusy
from backend_api.store.db.store_days import StoreDay, read_keys
from backend_api.store.enrichments import Claim
from backend_api.store.events import Arrival, add_arrivals
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_plans import SMALL, noted, whole_tables
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

DAY_S = 86_400.0
FIRST, LAST = date(2026, 1, 31), date(2026, 2, 2)
DAYS = DaysQuery(first_day=FIRST, last_day=LAST)
KINDS = list(EventType)
# Minutes behind START, which is at 09:00 in UTC: around the midnights of UTC and of Berlin, by day, and today.
AT_MIN = (0, 30, 835, 845, 890, 905, 1500, 2275, 2285, 2330, 2345, 2900, 7200)
HOURS = {day: [{"opens": "08:00", "closes": "22:00"}] for day in ("saturday", "sunday", "monday")}
SETTINGS = (
    {"name": "A gym", "tz": "UTC"},
    {"name": "A gym", "tz": "Europe/Berlin"},
    {"name": "A gym", "tz": "Europe/Berlin", "hours": HOURS},
    {"name": "A gym", "tz": "Europe/Berlin", "hours": HOURS, "special_days": [{"on": "2026-02-01"}]},
)
EVENT = st.tuples(
    st.integers(0, 4), st.sampled_from(KINDS), st.integers(0, len(AT_MIN) - 1), st.sampled_from([0, 0, 0, 1])
)
STORE = st.integers(0, 1)
CHANGE = st.one_of(
    st.tuples(st.just("add"), st.lists(EVENT, min_size=1, max_size=8)),
    st.tuples(st.just("judge"), st.sampled_from([*Verdict, None])),
    st.tuples(st.just("add"), st.lists(EVENT, min_size=1, max_size=8)),
    st.tuples(st.just("rerun"), st.integers(0, 9)),
    st.tuples(st.just("review"), st.tuples(st.integers(0, 9), st.sampled_from(Agree))),
    st.tuples(st.just("correct"), st.tuples(st.integers(0, 4), st.sampled_from(UseTruth))),
    st.tuples(st.just("hide"), st.tuples(st.integers(0, 9), st.booleans())),
    st.tuples(st.just("watch"), st.tuples(STORE, st.integers(0, len(AT_MIN) - 1))),
    st.tuples(st.just("describe"), st.tuples(STORE, st.sampled_from(SETTINGS))),
    st.tuples(st.just("remove"), st.none()),
)


def make(number: int, kind: EventType, at: int, moved: int) -> Event:
    """An event of a use; with `moved` its camera calls the machine, and the store, by other names than the others."""
    closes_at = START + timedelta(minutes=AT_MIN[at] + 10)
    return make_event(
        event_type=kind,
        at_s=60 * AT_MIN[at] + number,
        media_time_s=0,
        session_id=UUID(int=number + 1),
        store_id=f"gym_{(number + moved) % 2}",
        machine_id=f"bike_{(number + moved) % 3}",
        attributes={"closes_at": closes_at.isoformat()} if kind is EventType.CLEANING_WINDOW_OPEN else {},
    )


class Writer:
    """Writes to a store all that may be written, five days after START."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.reports = store, clock, Reports(store)
        self.events: list[Event] = []
        store.enrichments.judge_ends(is_on=False)
        clock.advance(5 * DAY_S)

    def write(self, name: str, value: object) -> None:
        getattr(self, name)(value)

    def add(self, events: list[tuple[int, EventType, int, int]]) -> None:
        made = [make(*event) for event in events]
        self.store.events.add(made)
        self.events += made

    def judge(self, verdict: Verdict | None) -> None:
        claim: Claim | None = self.store.enrichments.claim(60)
        if claim is not None and verdict is None:
            self.store.enrichments.fail(claim, "no answer", None)
        elif claim is not None and verdict is not None:
            self.store.enrichments.finish(claim, make_result(verdict=verdict))

    def event(self, number: int) -> UUID:
        return self.events[number % len(self.events)].event_id if self.events else UUID(int=99)

    def rerun(self, number: int) -> None:
        self.store.enrichments.rerun(self.event(number))

    def review(self, value: tuple[int, Agree]) -> None:
        self.store.reviews.add(self.event(value[0]), value[1], "", "ann")

    def correct(self, value: tuple[int, UseTruth]) -> None:
        self.store.corrections.add(UUID(int=value[0] + 1), UseCorrection(truth=value[1]))

    def hide(self, value: tuple[int, bool]) -> None:
        number, is_hidden = value
        if is_hidden:
            self.store.hidden_events.hide(self.event(number), "absurd", "ann")
        else:
            self.store.hidden_events.show(self.event(number))

    def watch(self, value: tuple[int, int]) -> None:
        """Have a camera's edge report for half a minute, at another time than now."""
        number, at = value
        back_s = (self.clock.now() - START).total_seconds() - 60 * AT_MIN[at]
        self.clock.jump_wall_clock(-back_s)
        report = CameraReport.model_validate(REPORT | {"store_id": f"gym_{number}", "started_at": START})
        for _ in range(2):
            self.store.cameras.report("cam_01", report)
            self.clock.jump_wall_clock(30)
        self.clock.jump_wall_clock(back_s - 60)
        self.store.cameras.keep()

    def describe(self, value: tuple[int, dict[str, object]]) -> None:
        self.store.stores.keep(f"gym_{value[0]}", StoreSettings.model_validate(value[1]))

    def remove(self, _: None) -> None:
        now = self.clock.now()
        self.store.old_events.remove(now + timedelta(days=1), now)

    def fill(self, _: None) -> None:
        self.reports.days(DAYS)


def differing(store: Store) -> list[object]:
    """The days that are kept and wrong."""
    with store.database.snapshot() as connection:
        found = [differing_day(connection, *key) for key in read_keys(connection)]
    return [one for one in found if one is not None]


def kept(store: Store) -> list[tuple[date, str]]:
    with store.database.read() as connection:
        return read_keys(connection)


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
    *("windows_closed", "windows_cleaned", "windows_after_hours"),
}


START_OF_USE, END_OF_USE, WINDOW, ATTEMPT = KINDS
LATE = AT_MIN.index(2345)
# Two stores with a use a day, of which the first goes over midnight; the attempt is judged.
USES: list[tuple[int, EventType, int, int]] = [
    *((0, START_OF_USE, 4, 0), (0, END_OF_USE, 5, 0), (0, WINDOW, 5, 0), (0, ATTEMPT, 5, 0)),
    *((1, START_OF_USE, 0, 0), (1, END_OF_USE, 1, 0), (3, START_OF_USE, 6, 0), (2, START_OF_USE, 6, 0)),
]
EACH = [(day, store_id) for day in (FIRST, date(2026, 2, 1), LAST) for store_id in ("gym_0", "gym_1")]
# What each change leaves of EACH.
LEAVES: list[tuple[str, object, list[int]]] = [
    ("add", [(2, END_OF_USE, 7, 0)], [0, 1, 3, 5]),
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
    ("describe", (0, SETTINGS[1]), [0, 1, 2, 3, 4, 5]),
    ("remove", None, [0, 1, 2, 3, 4, 5]),
]


def keep_uses(store: Store, clock: FakeClock) -> Writer:
    """Two stores, of which the days are kept."""
    writer = Writer(store, clock)
    writer.add(USES)
    writer.judge(Verdict.CLEANED)
    writer.fill(None)
    return writer


@pytest.fixture
def writer(store: Store, clock: FakeClock) -> Writer:
    """Of two stores, of which EACH day is kept."""
    writer = keep_uses(store, clock)
    assert kept(store) == EACH
    return writer


@pytest.mark.sqlite_alone
@settings(max_examples=15, deadline=None)
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
        writer.fill(None)
        assert differing(store) == []


@pytest.mark.parametrize(("name", "value", "left"), LEAVES)
def test_what_a_change_may_touch_is_dropped_and_the_answer_is_that_of_gym_by_gym(
    store: Store, writer: Writer, name: str, value: object, left: list[int]
) -> None:
    writer.write(name, value)
    assert kept(store) == [EACH[place] for place in left]
    assert differing(store) == []
    check_against_stats(store)
    assert len(kept(store)) == 6


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
    other = StoreSettings.model_validate(SETTINGS[3])
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
    writer.write("rerun", 3)
    announce = store.days.announce

    def describe(days: Sequence[StoreDay]) -> str:
        monkeypatch.undo()
        writer.describe((0, SETTINGS[3]))
        return announce(days)

    monkeypatch.setattr(store.days, "announce", describe)
    writer.fill(None)
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
