"""Figures, machines, agreement and suggestions follow what people say of a use, and go back when that is withdrawn."""

from datetime import timedelta

import pytest

from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import Event
from backend_api.contract.queries import ComplianceQuery, MachineQuery
from backend_api.contract.sessions import MachineState
from backend_api.contract.stats import Stats
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.events import START
from tests.backend_api.reports.test_sessions import make_session
from tests.backend_api.reports.test_stats import HOUR_S, heartbeats, judge, stats
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

DAY = {"since": START, "until": START + timedelta(days=1)}


def correct(store: Store, event: Event, truth: UseTruth) -> None:
    store.corrections.add(event.session_id, UseCorrection(truth=truth))


def figures(found: Stats) -> tuple[object, ...]:
    total = found.total
    return total.sessions, total.occupied_s, total.windows_closed, total.windows_cleaned, total.median_stay_s


@pytest.mark.parametrize("truth", [UseTruth.NOBODY, UseTruth.OTHER_MACHINE])
def test_a_use_that_was_none_counts_nowhere(store: Store, clock: FakeClock, truth: UseTruth) -> None:
    heartbeats(store, clock, HOUR_S)
    real, coat = make_session(1), make_session(2, at_s=600)
    store.events.add([*real, *coat])
    judge(store, Verdict.CLEANED, Verdict.NOT_CLEANED)
    before = stats(store, **DAY)
    assert figures(before) == (2, 120.0, 2, 1, 60.0)
    correct(store, coat[0], truth)
    found = stats(store, **DAY)
    assert figures(found) == (1, 60.0, 1, 1, 60.0)
    assert found.total.compliance == 1.0
    assert found.total.observed_s == before.total.observed_s
    by_name = {item.machine_id: item for item in found.machines}
    assert (by_name["bike_2"].sessions, by_name["bike_2"].sessions_reported, by_name["bike_2"].sessions_corrected) == (
        *(0, 1, 1),
    )
    [camera] = found.cameras
    assert (camera.camera_id, camera.sessions_reported, camera.sessions_corrected, camera.corrected_share) == (
        *("cam_01", 2, 1, 0.5),
    )
    compliance = Reports(store).compliance(ComplianceQuery.model_validate(DAY))
    assert (compliance.windows, compliance.apparent) == (1, 1.0)
    correct(store, coat[0], UseTruth.WITHDRAWN)
    assert stats(store, **DAY) == before


def test_two_people_were_two_uses_of_unknown_lengths(store: Store, clock: FakeClock) -> None:
    heartbeats(store, clock, HOUR_S)
    one, two = make_session(1), make_session(2, at_s=600)
    store.events.add([*one, *two])
    judge(store, Verdict.CLEANED, Verdict.CLEANED)
    correct(store, two[0], UseTruth.TWO_PEOPLE)
    found = stats(store, **DAY)
    assert figures(found) == (3, 120.0, 2, 2, 60.0)
    assert (found.total.sessions_reported, found.total.sessions_corrected) == (2, 1)
    correct(store, one[0], UseTruth.TWO_PEOPLE)
    assert stats(store, **DAY).total.median_stay_s is None


def test_a_use_that_was_none_cuts_no_other_use_short(store: Store, clock: FakeClock) -> None:
    """The END of the first use was lost: it lasts to the next use of its machine, and a coat is none."""
    heartbeats(store, clock, HOUR_S)
    first, coat, second = make_session(1), make_session(1, at_s=600), make_session(1, at_s=1200)
    store.events.add([first[0], *coat, *second])
    assert stats(store, **DAY).total.occupied_s == 720.0
    correct(store, coat[0], UseTruth.NOBODY)
    assert stats(store, **DAY).total.occupied_s == 1260.0
    later = stats(store, since=START + timedelta(seconds=900), until=START + timedelta(days=1))
    assert later.total.occupied_s == 360.0


def test_a_machine_that_nobody_was_at_is_free(store: Store, clock: FakeClock) -> None:
    [start, *_] = make_session(1)
    store.events.add([start])
    [machine] = Reports(store).machines(MachineQuery()).items
    assert machine.state is MachineState.IN_USE
    correct(store, start, UseTruth.NOBODY)
    [machine] = Reports(store).machines(MachineQuery()).items
    assert (machine.state, machine.closes_at) == (MachineState.FREE, None)


def test_verdicts_on_what_was_no_use_are_in_no_agreement_and_not_suggested(store: Store, clock: FakeClock) -> None:
    clock.advance(HOUR_S)
    real, coat = make_session(1), make_session(2, at_s=600)
    store.events.add([*real, *coat])
    judge(store, Verdict.CLEANED, Verdict.CLEANED)
    reports = Reports(store)
    assert reports.suggest(None, 10) == 2
    store.reviews.add(real[3].event_id, Agree.YES, "", "ann")
    correct(store, coat[0], UseTruth.NOBODY)
    suggested = reports.suggested(None)
    assert (suggested.drawn, suggested.reviewed, suggested.items) == (1, 1, [])
    assert reports.suggest(None, 10) == 0
    week = {"since": START - timedelta(days=7), "until": START + timedelta(minutes=30)}
    [found] = reports.compliance(ComplianceQuery.model_validate(week)).models
    assert (found.windows, found.cleaned.given, found.cleaned.drawn) == (1, 1, 1)
    correct(store, coat[0], UseTruth.WITHDRAWN)
    store.reviews.add(coat[3].event_id, Agree.NO, "", "ann")
    [score] = reports.agreement().items
    assert (score.agreed, score.disagreed) == (1, 1)
    correct(store, coat[0], UseTruth.OTHER_MACHINE)
    [score] = reports.agreement().items
    assert (score.agreed, score.disagreed) == (1, 0)


def test_what_comes_after_everything_was_reviewed_is_suggested_next(store: Store, clock: FakeClock) -> None:
    """The last draw took all that there was: the next one is from what came since."""
    clock.advance(HOUR_S)
    reports = Reports(store)
    for number in range(3):
        events = make_session(number, at_s=600 * number)
        store.events.add(events)
        judge(store, Verdict.CLEANED)
        clock.advance(10)
        [model] = reports.compliance(ComplianceQuery(since=START, until=START + timedelta(hours=2))).models
        assert model.next_reviews is not None
        assert (model.next_reviews.cleaned, model.next_reviews.are_drawn) == (1, False)
        assert reports.suggest(None, 10) == 1
        assert [item.event_id for item in reports.suggested(None).items] == [events[3].event_id]
        store.reviews.add(events[3].event_id, Agree.YES, "", "ann")
