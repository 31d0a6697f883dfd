"""Figures are what their formulas say, however sessions lie across hours, days and the edges of the span."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.cameras import CameraReport
from backend_api.contract.events import NO_PICTURES, PICTURES, Event, EventType
from backend_api.contract.queries import DaysQuery, StatsQuery
from backend_api.contract.stats import Stats, StoreFigures, SummedFigures, Unit
from backend_api.contract.values import MachineKey
from backend_api.contract.verdicts import Verdict
from backend_api.reports import uses
from backend_api.reports.buckets import Interval
from backend_api.reports.figures import Totals, Use
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.events import START, make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

BIKE, ROWER = MachineKey("gym", "cam", "bike"), MachineKey("gym", "cam", "rower")
HOUR_S = 3600.0


def stats(store: Store, **query: object) -> Stats:
    return Reports(store).stats(StatsQuery.model_validate(query))


def heartbeats(store: Store, clock: FakeClock, seconds: float) -> None:
    """Let cam_01 report every 5 s for `seconds`."""
    known = {"store_id": "gym_demo", "media_time_s": 1.0, "version": "1", "started_at": START, "outbox_depth": 0}
    counts = {"frames_captured": 1, "frames_processed": 1, "frames_skipped": 0}
    report = CameraReport.model_validate({**known, **counts})
    store.cameras.report("cam_01", report)
    for _ in range(round(seconds / 5)):
        clock.advance(5)
        store.cameras.report("cam_01", report)


def judge(store: Store, *verdicts: Verdict) -> None:
    """Give attempts their verdicts, in their order; nobody is asked about ends of uses."""
    store.enrichments.judge_ends(is_on=False)
    for verdict in verdicts:
        claim = store.enrichments.claim(60)
        assert claim is not None
        store.enrichments.finish(claim, make_result(verdict=verdict))


def test_a_day_of_two_machines(store: Store, clock: FakeClock) -> None:
    """Three windows: cleaned after 15 s, not cleaned, and without an attempt; two machines watched for an hour."""
    heartbeats(store, clock, HOUR_S)
    first, second, third = make_session(1), make_session(2, at_s=600), make_session(1, at_s=1200)
    store.events.add([*first, *second, *third[:3]])
    judge(store, Verdict.CLEANED, Verdict.NOT_CLEANED)
    found = stats(store, since=START, until=START + timedelta(days=1), by="hour")
    total = found.total
    assert (total.sessions, total.occupied_s, total.observed_s) == (3, 180.0, 2 * HOUR_S)
    assert total.utilisation == round(180 / (2 * HOUR_S), 4)
    assert (total.windows_closed, total.windows_cleaned, total.compliance) == (3, 1, 0.3333)
    assert (total.windows_not_cleaned, total.windows_not_attempted) == (1, 1)
    assert (total.windows_unjudged, total.windows_cannot_tell) == (0, 0)
    assert (total.median_stay_s, total.median_to_clean_s) == (60.0, 15.0)
    assert found.peak_hour is not None
    assert (found.peak_hour.hour, found.peak_hour.occupied_s) == (9, 180.0)
    by_name = {item.machine_id: item for item in found.machines}
    assert (by_name["bike_1"].occupied_s, by_name["bike_1"].windows_closed) == (120.0, 2)
    assert (by_name["bike_2"].compliance, by_name["bike_2"].median_to_clean_s) == (0.0, None)
    assert len(found.buckets) == 24
    assert found.buckets[0].model_dump(exclude={"begin", "end"}) == total.model_dump()
    assert found.buckets[1].utilisation is None


def test_a_window_is_closed_by_the_next_session_and_an_attempt_may_be_unjudged(store: Store, clock: FakeClock) -> None:
    store.events.add([*make_session(1), *make_session(1, at_s=100)[:3]])
    clock.advance(110)
    total = stats(store).total
    assert (total.windows_closed, total.windows_unjudged, total.compliance) == (1, 1, 0.0)
    clock.advance(1000)
    assert stats(store).total.windows_closed == 2


def test_every_closed_window_is_counted_as_one_thing(store: Store, clock: FakeClock) -> None:
    last = make_session(5)
    attempts = [event for number in range(1, 5) for event in make_session(number)]
    store.events.add([*attempts, *last[:3]])
    judge(store, Verdict.CLEANED, Verdict.NOT_CLEANED, Verdict.CANNOT_TELL)
    clock.advance(HOUR_S)
    total = stats(store).total
    assert (total.windows_closed, total.windows_cleaned, total.compliance) == (5, 1, 0.2)
    assert (total.windows_not_cleaned, total.windows_cannot_tell, total.windows_unjudged) == (1, 1, 1)
    assert total.windows_not_attempted == 1


def test_attempts_that_nobody_can_judge_are_no_part_of_compliance(store: Store, clock: FakeClock) -> None:
    def unseen(number: int, count: int = 4) -> list[Event]:
        events = make_session(number)[:count]
        return [event.model_copy(update={"attributes": event.attributes | {PICTURES: NO_PICTURES}}) for event in events]

    store.events.add([*unseen(1), *unseen(2, count=3)])
    clock.advance(HOUR_S)
    total = stats(store).total
    assert (total.windows_not_judged, total.windows_closed, total.windows_unjudged, total.compliance) == (1, 1, 0, None)
    check_one_store(store)
    store.events.add([*make_session(3), *make_session(4)])
    judge(store, Verdict.CLEANED, Verdict.NOT_CLEANED)
    total = stats(store).total
    assert (total.windows_not_judged, total.windows_closed, total.compliance) == (1, 3, 0.3333)
    check_one_store(store)
    clock.advance(2 * 24 * HOUR_S)
    check_one_store(store, is_over=True)


def check_one_store(store: Store, *, is_over: bool = False) -> None:
    """Of a chain of one store the total, the store and, once it is over, its day have the same figures."""
    found = stats(store, since=START, until=START + timedelta(hours=1))
    [of_store] = found.stores
    assert next(iter(of_store.model_dump())) == "store_id"
    same = SummedFigures.model_fields.keys() & type(found.total).model_fields
    assert "compliance" in same
    assert of_store.model_dump(include=same) == found.total.model_dump(include=same)
    if is_over:
        days = Reports(store).days(DaysQuery(first_day=START.date(), last_day=START.date()))
        [by_store], [by_day] = days.stores, days.days
        assert list(StoreFigures.model_fields) == list(by_store.model_dump())
        figures = days.total.model_dump()
        assert by_store.model_dump(exclude={"store_id"}) == by_day.model_dump(exclude={"day"}) == figures
        windows = {name for name in same if name.startswith("windows_")} | {"compliance"}
        assert days.total.model_dump(include=windows) == found.total.model_dump(include=windows)


def test_a_stay_counts_whole_where_it_began(store: Store, clock: FakeClock) -> None:
    store.events.add([*make_session(1), *make_session(2, at_s=600), *make_session(3, at_s=1170)])
    clock.advance(HOUR_S)
    found = stats(store, since=START + timedelta(seconds=30), until=START + timedelta(seconds=1200))
    assert (found.total.sessions, found.total.median_stay_s) == (2, 60.0)
    assert [(machine.sessions, machine.median_stay_s) for machine in found.machines] == [
        (0, None),
        (1, 60.0),
        (1, 60.0),
    ]


def test_sessions_across_the_edges_count_with_what_lies_inside(store: Store, clock: FakeClock) -> None:
    clock.advance(HOUR_S)
    store.events.add([*make_session(1), *make_session(2, at_s=120)])
    found = stats(store, since=START + timedelta(seconds=30), until=START + timedelta(seconds=150))
    assert (found.total.occupied_s, found.total.sessions, found.total.windows_closed) == (60.0, 1, 0)
    found = stats(store, since=START + timedelta(seconds=180), until=START + timedelta(seconds=190))
    assert (found.total.occupied_s, found.total.windows_closed) == (0.0, 1)


def test_silence_is_not_observed_and_who_has_not_left_counts_up_to_it(store: Store, clock: FakeClock) -> None:
    heartbeats(store, clock, 600)
    store.events.add(make_session(1, at_s=300)[:1])
    clock.advance(HOUR_S)
    heartbeats(store, clock, 100)
    total = stats(store).total
    # In use from 300 s on: until the last report, the silence included.
    assert (total.occupied_s, total.observed_s) == (600 - 300 + HOUR_S + 100, 600 + HOUR_S + 100)
    assert (total.sessions, total.median_stay_s) == (1, None)
    other = stats(store, until=START + timedelta(seconds=900)).total
    assert (other.occupied_s, other.observed_s) == (300.0, 600.0)


def test_without_reports_observed_is_from_the_first_event_to_the_last(store: Store, clock: FakeClock) -> None:
    clock.advance(HOUR_S)
    store.events.add([*make_session(1), make_event(at_s=1000, machine_id="bike_1")])
    assert stats(store).total.observed_s == 1000.0


def test_nothing_gives_no_figures(store: Store) -> None:
    found = stats(store, since=START, until=START + timedelta(hours=1))
    assert (found.machines, found.peak_hour) == ([], None)
    assert (found.total.utilisation, found.total.compliance, found.total.median_to_clean_s) == (None, None, None)


def test_figures_are_filtered_by_place(store: Store, clock: FakeClock) -> None:
    clock.advance(HOUR_S)
    store.events.add([*make_session(1), *make_session(2), *make_session(2, store_id="gym_2")])
    assert stats(store).total.sessions == 3
    assert stats(store, machine_id="bike_2").total.sessions == 2
    assert stats(store, machine_id="bike_2", store_id="gym_2").total.sessions == 1


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_clocks_are_set(store: Store, clock: FakeClock, day: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime.fromisoformat(day).replace(tzinfo=zone)
    clock.jump_wall_clock(400 * 86_400)
    names = {"machine_id": "bike_1"}
    start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, ts=begin, **names)
    session: dict[str, object] = {"session_id": start.event_id, **names}
    end: Event = make_event(
        event_type=EventType.MACHINE_OCCUPIED_END,
        ts=begin.astimezone(ZoneInfo("UTC")) + timedelta(hours=hours),
        **session,
    )
    store.events.add([start.model_copy(update={"session_id": start.event_id}), end])
    until = datetime.fromisoformat(day).replace(tzinfo=zone) + timedelta(days=1)
    found = stats(store, since=begin, until=until, tz="Europe/Berlin")
    assert [bucket.occupied_s for bucket in found.buckets] == [hours * HOUR_S]
    assert len(stats(store, since=begin, until=until, tz="Europe/Berlin", by="hour").buckets) == hours


def test_a_lost_end_is_where_the_next_use_begins(store: Store, clock: FakeClock) -> None:
    heartbeats(store, clock, HOUR_S)
    lost, later = make_session(1), make_session(1, at_s=600)
    store.events.add([lost[0], *later[:3]])
    total = stats(store, since=START, until=START + timedelta(days=1)).total
    assert (total.sessions, total.occupied_s, total.observed_s) == (2, 600 + 60, HOUR_S)
    assert total.median_stay_s == 60


# What happened at one of two machines: which of three sessions, of which kind, when, and what its window says.
HAPPENED = st.tuples(
    st.sampled_from(["bike", "rower"]), st.integers(0, 2), st.sampled_from(EventType), st.integers(-90, 90)
)


@settings(max_examples=60, deadline=None)
@given(happened=st.lists(HAPPENED, max_size=25), reports=st.integers(0, 3), unit=st.sampled_from(Unit))
def test_whatever_arrived_the_shares_are_shares(
    happened: list[tuple[str, int, EventType, int]], reports: int, unit: Unit
) -> None:
    """Lost events, wrong orders, times that lie before or ahead of the clock's."""
    clock = FakeClock()
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "db", clock)) as store:
        heartbeats(store, clock, 60.0 * reports)
        for number, (machine, session, kind, minute) in enumerate(happened):
            attributes = (
                {"closes_at": f"2026-01-31T1{session}:00:00Z"} if kind is EventType.CLEANING_WINDOW_OPEN else {}
            )
            event = make_event(
                event_type=kind,
                at_s=60 * minute + number,
                machine_id=machine,
                session_id=UUID(int=session + 10 * len(machine)),
                attributes=attributes,
                media_time_s=0,
            )
            store.events.add([event])
        found = stats(store, since=START - timedelta(hours=2), until=START + timedelta(hours=2), by=unit)
        for figures in (found.total, *found.machines, *found.buckets):
            assert 0 <= figures.occupied_s <= figures.observed_s


@given(
    uses=st.lists(
        st.tuples(st.sampled_from([BIKE, ROWER]), st.integers(-5, 60), st.integers(0, 30), st.integers(0, 90)),
        max_size=9,
    ),
    unit=st.sampled_from(Unit),
)
def test_machines_and_buckets_add_up_to_the_total(uses: list[tuple[MachineKey, int, int, int]], unit: Unit) -> None:
    hour_ms = 3_600_000
    span = Interval(0, 50 * hour_ms + 1)
    totals = Totals([BIKE, ROWER], span, unit, ZoneInfo("Europe/Berlin"))
    totals.add_observed(BIKE, [span])
    for place, begin, length, closed in uses:
        occupied = Interval(begin * hour_ms, (begin + length) * hour_ms)
        totals.add_use(Use(place, occupied, length * hour_ms, closed_ms=closed * hour_ms, window="cleaned"), [span])
    for name in ("occupied_ms", "observed_ms", "sessions"):
        total = getattr(totals.total, name)
        assert sum(getattr(sums, name) for sums in totals.by_machine.values()) == total
        assert sum(getattr(sums, name) for sums in totals.by_bucket) == total
    for count in (lambda sums: sums.windows["cleaned"], lambda sums: len(sums.stays_ms)):
        assert sum(map(count, totals.by_machine.values())) == count(totals.total)
        assert sum(map(count, totals.by_bucket)) == count(totals.total)
    assert sum(totals.occupied_ms_by_hour) == totals.total.occupied_ms
    inside = [place for place, begin, _, _ in uses if 0 <= begin <= 50]
    assert totals.total.sessions == len(inside)


@pytest.mark.sqlite_alone
def test_what_would_take_too_long_is_refused_with_the_cure(
    store: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = [make_session(number)[0] for number in range(3)]
    store.events.add(starts)
    year = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "by": "hour"}
    assert client.get("/stats", params=year).status_code == 200
    monkeypatch.setattr(uses, "MAX_STATS_CELLS", 3 * 365 * 24 - 1)
    assert "ask for days instead of hours" in problem(client.get("/stats", params=year), 422).detail
    assert client.get("/stats", params=year | {"by": "day"}).status_code == 200
    assert client.get("/stats", params=year | {"machine_id": "bike_1"}).status_code == 200
    monkeypatch.setattr(uses, "MAX_CHAIN_MACHINES", 2)
    for address in ("/stats", "/stats/compliance"):
        assert "ask store by store" in problem(client.get(address), 422).detail
        assert client.get(address, params={"store_id": starts[0].store_id}).status_code == 200
    monkeypatch.setattr(uses, "MAX_CHAIN_MACHINES", 3)
    monkeypatch.setattr(uses, "MAX_STATS_MACHINES", 2)
    for address in ("/stats", "/stats/compliance"):
        assert "give store_id" in problem(client.get(address), 422).detail
        assert client.get(address, params={"machine_id": "bike_1"}).status_code == 200
