"""What is drawn of a day is what happened in it: cut at midnight, without overlaps on a machine."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.sessions import Session, SessionOutcome
from tests.ui.made_up import NOON, make_session
from ui.text.local_time import Zone
from ui.text.words import began
from ui.usage.day import DayLine, HourInterval
from ui.usage.timeline import Timeline, draw_timeline

UTC_DAY = DayLine.of(date(2026, 1, 31), Zone("UTC", UTC))
MIDNIGHT = UTC_DAY.begin
LATER = NOON + timedelta(hours=6)


def draw(*sessions: Session, now: datetime = LATER, line: DayLine = UTC_DAY) -> Timeline:
    return draw_timeline(sessions, line, now)


def test_a_session_is_a_use_a_window_and_an_attempt() -> None:
    at = NOON + timedelta(minutes=11)
    timeline = draw(make_session(attempt_at=at, attempt_event_id=None, outcome=SessionOutcome.CLEANED))
    assert [use.shown for use in timeline.uses] == [HourInterval(12, 12 + 10 / 60)]
    assert [window.shown for window in timeline.windows] == [HourInterval(12 + 10 / 60, 12 + 12 / 60)]
    assert [(mark.at_h, mark.outcome) for mark in timeline.attempts] == [(12 + 11 / 60, SessionOutcome.CLEANED)]


def test_midnight_cuts_on_both_sides() -> None:
    before = make_session(MIDNIGHT - timedelta(minutes=5))
    after = make_session(MIDNIGHT + timedelta(hours=23, minutes=55), machine_id="rower")
    timeline = draw(before, after, make_session(MIDNIGHT - timedelta(hours=2), machine_id="bench"))
    assert [use.shown for use in timeline.uses] == [HourInterval(0, 5 / 60), HourInterval(23 + 55 / 60, 24)]
    assert [use.begin for use in timeline.uses] == [before.started_at, after.started_at]
    assert [window.shown for window in timeline.windows] == [HourInterval(5 / 60, 7 / 60)]
    assert timeline.sessions == [before, after]


def test_a_use_that_was_none_is_not_on_it_and_ends_no_other() -> None:
    coat = make_session(NOON + timedelta(hours=1), outcome=SessionOutcome.NO_USE, correction="nobody")
    [use] = draw(_open(NOON), coat).uses
    assert (use.shown, use.end) == (HourInterval(12, 18), None)


def _open(at: datetime, **overrides: Any) -> Session:  # noqa: ANN401
    missing = {"ended_at": None, "occupied_s": None, "end_reason": None}
    no_window = {"window_opened_at": None, "window_closes_at": None}
    return make_session(at, **missing, **no_window, outcome=SessionOutcome.IN_USE, **overrides)


def test_who_has_not_left_is_there_until_now_or_the_next_use() -> None:
    [use] = draw(_open(NOON)).uses
    assert (use.shown, use.end) == (HourInterval(12, 18), None)
    first, _ = draw(_open(NOON), _open(NOON + timedelta(hours=1))).uses
    assert (first.shown, first.end) == (HourInterval(12, 13), NOON + timedelta(hours=1))
    assert draw(_open(NOON), now=NOON - timedelta(hours=1)).uses == ()


def test_the_next_use_closes_the_window() -> None:
    timeline = draw(make_session(NOON), make_session(NOON + timedelta(minutes=11)))
    assert timeline.windows[0].end == NOON + timedelta(minutes=11)


def test_what_has_no_beginning_is_drawn_by_its_window() -> None:
    session = make_session(started_at=None, occupied_s=None)
    timeline = draw(session)
    assert timeline.uses == ()
    assert timeline.sessions == [session]
    assert began(session) == session.ended_at


def test_nothing_gives_nothing() -> None:
    assert draw() == Timeline((), (), ())
    assert draw().intervals == []


MINUTES = st.integers(-600, 2000)


@given(
    st.lists(
        st.tuples(st.sampled_from(["bike", "rower"]), MINUTES, st.integers(0, 90), st.integers(0, 30), st.booleans()),
        max_size=12,
        unique_by=lambda item: item[:2],
    ),
    st.sampled_from(["2026-01-31", "2026-03-29", "2026-10-25"]),
)
def test_on_a_machine_nothing_overlaps_and_all_lies_in_the_day(
    made: list[tuple[str, int, int, int, bool]], day: str
) -> None:
    line = DayLine.of(date.fromisoformat(day), Zone("Europe/Berlin", ZoneInfo("Europe/Berlin")))
    sessions = []
    for machine_id, begin_min, length_min, window_min, is_open in made:
        at = line.begin + timedelta(minutes=begin_min)
        left = at + timedelta(minutes=length_min)
        sessions.append(
            _open(at, machine_id=machine_id)
            if is_open
            else make_session(
                at,
                machine_id=machine_id,
                ended_at=left,
                window_opened_at=left,
                window_closes_at=left + timedelta(minutes=window_min),
            )
        )
    timeline = draw_timeline(sessions, line, line.end)
    assert all(0 <= item.begin_h < item.end_h <= line.length_h for item in timeline.intervals)
    for machine_id in ("bike", "rower"):
        for stretches in (timeline.uses, timeline.windows):
            shown = [stretch.shown for stretch in stretches if stretch.session.machine_id == machine_id]
            in_order = sorted(shown, key=lambda item: item.begin_h)
            assert all(one.end_h <= other.begin_h for one, other in pairwise(in_order))
