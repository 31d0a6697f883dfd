"""A day's sessions: those that began in it, those that reach into it, and no more pages than are drawn."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from backend_api.contract.people import Person, Role
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Machine, MachineState, Session, SessionPage
from backend_api.contract.stats import Hours, Stats, Unit
from backend_api.contract.values import MachineKey
from tests.ui.made_up import NOON, make_bucket, make_figures, make_machine_figures, make_session
from ui.client.api import BackendApi
from ui.text.local_time import Zone
from ui.usage.day import DayLine, HourInterval
from ui.usage.gather import MAX_SESSIONS, UnwatchedTime, fetch_sessions, sessions_of, unwatched_times

LINE = DayLine.of(date(2026, 1, 31), Zone("UTC", UTC))
HOUR = timedelta(hours=1)


class FakeBackend:
    """Sessions as the backend would page them."""

    def __init__(self, sessions: list[Session]) -> None:
        self.sessions_held = sorted(sessions, key=lambda item: item.started_at or NOON)
        self.calls = 0

    def sessions(self, query: SessionQuery) -> SessionPage:
        self.calls += 1
        found = [
            item
            for item in self.sessions_held
            if item.started_at
            and (query.since is None or query.since <= item.started_at)
            and (query.until is None or item.started_at < query.until)
            and query.machine_id in (None, item.machine_id)
        ]
        if query.order == "desc":
            found.reverse()
        begin, limit = int(query.cursor or 0), query.limit
        more = begin + limit < len(found)
        return SessionPage(items=found[begin : begin + limit], next_cursor=str(begin + limit) if more else None)


def machine(last: Session | None, machine_id: str = "bike") -> Machine:
    return Machine(
        store_id="gym",
        camera_id="cam",
        machine_id=machine_id,
        name=machine_id,
        state=MachineState.FREE,
        since=None,
        closes_at=None,
        session=last,
    )


def test_the_last_use_before_midnight_is_among_them_however_long_ago_it_began() -> None:
    old, older = make_session(LINE.begin - 9 * HOUR), make_session(LINE.begin - 20 * HOUR)
    today, tomorrow = make_session(NOON), make_session(LINE.end + HOUR)
    rower = make_session(LINE.begin - HOUR, machine_id="rower")
    backend = FakeBackend([old, older, today, tomorrow, rower])
    found = fetch_sessions(
        cast(BackendApi, backend), LINE, [machine(tomorrow), machine(rower, "rower"), machine(None, "new")]
    )
    assert set(found.sessions) == {old, rower, today}
    assert found.is_complete
    # The rower's last use is known already; the day is one page.
    assert backend.calls == 2


@pytest.mark.parametrize(("count", "complete"), [(MAX_SESSIONS, True), (MAX_SESSIONS + 1, False)])
def test_a_very_full_day_is_cut(count: int, complete: bool) -> None:
    sessions = [make_session(LINE.begin + timedelta(seconds=number)) for number in range(count)]
    found = fetch_sessions(cast(BackendApi, FakeBackend(sessions)), LINE, [])
    assert (len(found.sessions), found.is_complete) == (MAX_SESSIONS, complete)


def test_two_people_share_no_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of pictures bear the name of the person who asked: the audit would name somebody else."""
    asked = []

    def sessions(backend: BackendApi, _query: SessionQuery) -> SessionPage:
        asked.append(backend.acting_for)
        return SessionPage(items=[], next_cursor=None)

    monkeypatch.setattr(BackendApi, "sessions", sessions)
    people = [Person(person_id=name, name=name, role=Role.VIEWER) for name in ("ada", "bob", "ada")]
    for person in people:
        sessions_of(BackendApi("http://127.0.0.1:1", None, person), LINE, [])
    assert asked == [people[0].header(), people[1].header()]


def _stats(*observed_s: float, machines: int = 2) -> Stats:
    places = [MachineKey("gym", "cam", f"bike_{number}") for number in range(machines)]
    return Stats(
        since=LINE.begin,
        until=LINE.end,
        tz="UTC",
        by=Unit.HOUR,
        hours=Hours.OPEN,
        total=make_figures(),
        peak_hour=None,
        machines=[make_machine_figures(place) for place in places],
        stores=[],
        cameras=[],
        sources=[],
        kinds=[],
        buckets=[
            make_bucket(LINE.begin + number * HOUR, LINE.begin + (number + 1) * HOUR, observed_s=seconds)
            for number, seconds in enumerate(observed_s)
        ],
    )


def test_hours_that_nobody_watched_are_gaps_as_far_as_they_are_past() -> None:
    now: datetime = LINE.begin + 2.5 * HOUR
    assert unwatched_times(_stats(7200.0, 5400.0, 0.0, 0.0), LINE, now) == [
        UnwatchedTime(HourInterval(1, 2), 0.25),
        UnwatchedTime(HourInterval(2, 2.5), 1.0),
    ]


def test_without_machines_there_is_nothing_to_watch() -> None:
    assert unwatched_times(_stats(0.0, machines=0), LINE, LINE.end) == []
