"""What has become of a session at an instant, and that filters find exactly the sessions that say so."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import Event
from backend_api.contract.queries import Order, SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.db.paging import FEW
from backend_api.store.store import Store
from tests.backend_api.events import START, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases


def listed(store: Store, **filters: object) -> list[Session]:
    query = SessionQuery.model_validate({"limit": 2, **filters})
    found: list[Session] = []
    while True:
        page = Reports(store).sessions(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = query.model_copy(update={"cursor": page.next_cursor})


def outcome(store: Store) -> SessionOutcome:
    """Of the only session, which the filter for it finds, too."""
    [session] = listed(store)
    assert [found for each in SessionOutcome for found in listed(store, outcome=[each])] == [session]
    assert listed(store, outcome=[session.outcome], machine_id=session.machine_id) == [session]
    return session.outcome


def judge(store: Store, verdict: Verdict) -> None:
    """Give the attempt that waits its verdict; nobody is asked about ends of uses."""
    store.enrichments.judge_ends(is_on=False)
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert store.enrichments.finish(claim, make_result(verdict=verdict))


def test_a_session_comes_to_its_outcome_step_by_step(store: Store, clock: FakeClock) -> None:
    start, end, window, attempt = make_session(1)
    store.events.add([start])
    assert outcome(store) is SessionOutcome.IN_USE
    store.events.add([end])
    assert outcome(store) is SessionOutcome.NO_WINDOW
    store.events.add([window])
    assert outcome(store) is SessionOutcome.WINDOW_OPEN
    clock.advance(180)
    assert outcome(store) is SessionOutcome.WINDOW_OPEN
    clock.advance(0.25)
    assert outcome(store) is SessionOutcome.NOT_ATTEMPTED
    store.events.add([attempt])
    assert outcome(store) is SessionOutcome.WAITING
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert outcome(store) is SessionOutcome.WAITING
    store.enrichments.fail(claim, "no answer", None)
    assert outcome(store) is SessionOutcome.FAILED
    store.enrichments.retry(attempt.event_id)
    assert outcome(store) is SessionOutcome.WAITING
    judge(store, Verdict.CANNOT_TELL)
    assert outcome(store) is SessionOutcome.CANNOT_TELL


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_the_outcome_until_another_takes_its_place(store: Store, verdict: Verdict) -> None:
    *_, attempt = make_session(1)
    store.events.add(make_session(1))
    judge(store, verdict)
    assert outcome(store) == SessionOutcome(verdict.value)
    store.enrichments.rerun(attempt.event_id)
    assert outcome(store) == SessionOutcome(verdict.value)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.fail(claim, "no answer", None)
    assert outcome(store) == SessionOutcome(verdict.value)


def test_the_next_session_of_the_machine_closes_a_window_and_ends_a_use(store: Store) -> None:
    start, end, window, _ = make_session(1)
    store.events.add([start, end, window])
    store.events.add(make_session(2, at_s=70)[:1])
    store.events.add(make_session(1, at_s=70, camera_id="cam_02")[:1])
    assert listed(store, outcome=[SessionOutcome.WINDOW_OPEN])[0].session_id == start.event_id
    store.events.add(make_session(1, at_s=70)[:1])
    assert listed(store, outcome=[SessionOutcome.WINDOW_OPEN]) == []
    assert listed(store, outcome=[SessionOutcome.NOT_ATTEMPTED])[0].session_id == start.event_id
    store.events.add(make_session(1, at_s=90)[:1])
    [unended] = listed(store, outcome=[SessionOutcome.NO_WINDOW])
    assert unended.started_at == START + timedelta(seconds=70)


def test_an_opinion_counts_until_the_verdict_is_another(store: Store) -> None:
    *_, attempt = make_session(1)
    store.events.add(make_session(1))

    def opinions() -> list[str | None]:
        [session] = listed(store)
        assert listed(store, reviewed=session.review is not None) == [session]
        assert listed(store, reviewed=session.review is None) == []
        return [session.review]

    assert opinions() == [None]
    judge(store, Verdict.CLEANED)
    for agree in (Agree.NO, Agree.UNSURE, Agree.YES):
        store.reviews.add(attempt.event_id, agree, "", "ann")
        assert opinions() == [agree.value]
    store.enrichments.rerun(attempt.event_id)
    judge(store, Verdict.CLEANED)
    assert opinions() == ["yes"]
    store.reviews.add(attempt.event_id, Agree.WITHDRAWN, "", "ann")
    assert opinions() == [None]
    store.reviews.add(attempt.event_id, Agree.YES, "", "ann")
    store.enrichments.rerun(attempt.event_id)
    judge(store, Verdict.NOT_CLEANED)
    assert opinions() == [None]


def arrive(store: Store, number: int, machine: int, parts: int, fate: int) -> None:
    """A session of which the first `parts` events arrive; of an attempt, `fate` says what becomes."""
    events: list[Event] = make_session(machine, at_s=number * 60, camera_id=f"cam_{machine % 2}")[:parts]
    store.events.add(events)
    if parts < 4 or fate == 0:
        return
    claim = store.enrichments.claim(60)
    assert claim is not None
    if fate == 1:
        store.enrichments.fail(claim, "no answer", None)
        return
    store.enrichments.finish(claim, make_result(verdict=list(Verdict)[fate % 3]))
    if fate > 4:
        store.reviews.add(claim.event.event_id, list(Agree)[fate % 3], "", "ann")


@settings(max_examples=25)
@given(
    uses=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(0, 7)), min_size=1, max_size=12),
    outcomes=st.sets(st.sampled_from(SessionOutcome)),
    reviewed=st.none() | st.booleans(),
    verdict=st.none() | st.sampled_from(Verdict),
    place=st.sampled_from([{}, {"machine_id": "bike_1"}, {"camera_id": "cam_0"}, {"store_id": "gym_demo"}]),
    picked=st.none() | st.sets(st.integers(0, 11), min_size=1),
    order=st.sampled_from(Order),
    later_s=st.integers(0, 1200),
    few=st.sampled_from([0, FEW]),
)
def test_filters_find_exactly_what_the_sessions_say(
    uses: list[tuple[int, int, int]],
    outcomes: set[SessionOutcome],
    reviewed: bool | None,
    verdict: Verdict | None,
    place: dict[str, str],
    picked: set[int] | None,
    order: Order,
    later_s: int,
    few: int,
) -> None:
    clock = FakeClock()
    with (
        TemporaryDirectory() as folder,
        closing(fresh_store(Path(folder) / "db", clock)) as store,
        # Whether what is rare or a machine's sessions are looked through makes no difference.
        mock.patch("backend_api.reports.sessions.FEW", few),
    ):
        for number, (machine, parts, fate) in enumerate(uses):
            arrive(store, number, machine, parts, fate)
        clock.advance(later_s)
        everything = listed(store, order=order)
        ids = [UUID(int=0)] if picked else []
        ids += [session.session_id for number, session in enumerate(everything) if number in (picked or ())]
        filters = {"outcome": sorted(outcomes), "reviewed": reviewed, "verdict": verdict, "session_id": ids}
        found = listed(store, order=order, **filters, **place)
    assert len(everything) == len(uses)
    assert found == [
        session
        for session in everything
        if (not outcomes or session.outcome in outcomes)
        and (reviewed is None or (session.review is not None) is reviewed)
        and verdict in (None, session.verdict)
        and (not ids or session.session_id in ids)
        and all(getattr(session, name) == value for name, value in place.items())
    ]


def test_a_machine_is_called_what_its_setup_calls_it(store: Store) -> None:
    machines = [{"machine_id": "bike_1", "name": "Bike at the window", "zone": [[0, 0], [0.5, 0], [0.5, 0.5]]}]
    setup = CameraSetup.model_validate({"store_id": "gym_demo", "machines": machines, "config": None})
    store.setups.keep("cam_01", setup)
    store.events.add([*make_session(1), *make_session(2, at_s=60), *make_session(1, at_s=120, camera_id="cam_02")])
    names = [session.machine_name for session in listed(store, order=Order.ASC)]
    assert names == ["Bike at the window", "bike_2", "bike_1"]
