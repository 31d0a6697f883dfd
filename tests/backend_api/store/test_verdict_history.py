"""What was said of an event stays: verdicts when the model is asked again, and people's reviews of them."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from pydantic import JsonValue

from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Agree, MmResult, MmStatus, Verdict
from backend_api.store.enrichments import Claim
from backend_api.store.event_rows import EventRow
from backend_api.store.store import Store
from backend_api.store.verdict_history import not_withdrawn
from tests.backend_api.events import make_event, make_result
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

LEASE_S = 30.0
OLD = make_result(model="old", prompt_version="p-1")
NEW = make_result(model="new-2026-01", requested_model="new", prompt_version="p-2", verdict=Verdict.NOT_CLEANED)


def claimed(store: Store) -> Claim:
    claim = store.enrichments.claim(LEASE_S)
    assert claim is not None
    return claim


def judge(store: Store, result: MmResult) -> None:
    assert store.enrichments.finish(claimed(store), result)


def row(store: Store, event_id: UUID) -> EventRow:
    found = store.events.find(event_id)
    assert found is not None
    return found


def shown(store: Store, event_id: UUID) -> tuple[MmStatus, MmResult | None]:
    mm = row(store, event_id).mm
    assert mm is not None
    return mm.status, mm.result


def test_the_old_verdict_is_shown_until_the_new_one_is_there_and_kept_for_ever(store: Store, clock: FakeClock) -> None:
    event = make_event()
    store.events.add([event])
    judge(store, OLD)
    assert store.enrichments.rerun(event.event_id)
    assert shown(store, event.event_id) == (MmStatus.PENDING, OLD)
    clock.advance(60)
    judge(store, NEW)
    assert shown(store, event.event_id) == (MmStatus.DONE, NEW)
    kept = store.results.history(event.event_id)
    assert [stored.result for stored in kept] == [OLD, NEW]
    assert (kept[1].at - kept[0].at).total_seconds() == 60
    assert {stored.event_id for stored in kept} == {event.event_id}


def test_a_verdict_that_came_too_late_is_no_part_of_the_history(store: Store, clock: FakeClock) -> None:
    event = make_event()
    store.events.add([event])
    late = claimed(store)
    clock.advance(LEASE_S)
    judge(store, NEW)
    assert not store.enrichments.finish(late, OLD)
    assert [stored.result for stored in store.results.history()] == [NEW]


def test_only_what_has_ended_is_asked_again(store: Store) -> None:
    event, window = make_event(), make_event(event_type=EventType.CLEANING_WINDOW_OPEN)
    store.events.add([event, window])
    assert not store.enrichments.rerun(event.event_id)
    claim = claimed(store)
    assert not store.enrichments.rerun(event.event_id)
    assert not store.enrichments.rerun(window.event_id)
    assert not store.enrichments.rerun(UUID(int=5))
    assert store.enrichments.fail(claim, "broken", None)
    assert store.enrichments.rerun(event.event_id)
    assert claimed(store).attempt == 1


def test_a_rerun_that_fails_leaves_the_old_verdict_with_the_reason(store: Store) -> None:
    event = make_event()
    store.events.add([event])
    judge(store, OLD)
    store.enrichments.rerun(event.event_id)
    store.enrichments.fail(claimed(store), "broken", None)
    mm = row(store, event.event_id).mm
    assert mm is not None
    assert (mm.status, mm.error, mm.result) == (MmStatus.DEAD, "broken", OLD)


def test_to_rerun_the_others_spares_what_has_that_model_and_prompt(store: Store) -> None:
    store.events.add([make_event(at_s=at_s) for at_s in range(4)])
    for result in (OLD, NEW, NEW.model_copy(update={"prompt_version": "p-1"})):
        judge(store, result)
    store.enrichments.fail(claimed(store), "broken", None)
    assert store.enrichments.rerun_others("new", "p-2") == 3
    assert store.enrichments.rerun_others("new", "p-2") == 0
    assert store.enrichments.rerun_others("old", "p-1") == 1


def test_a_released_claim_counts_as_no_attempt_and_says_why(store: Store, clock: FakeClock) -> None:
    event = make_event()
    store.events.add([event])
    claim = claimed(store)
    assert store.enrichments.release(claim, "the server is away", 5.0)
    mm = row(store, event.event_id).mm
    assert mm is not None
    assert (mm.status, mm.attempts, mm.error) == (MmStatus.PENDING, 0, "the server is away")
    assert store.enrichments.claim(LEASE_S) is None
    clock.advance(5)
    assert claimed(store).attempt == 1
    assert not store.enrichments.release(claim, "late", 0.0)


def test_what_is_held_says_why_and_can_be_claimed_all_the_same(store: Store) -> None:
    store.events.add([make_event(at_s=at_s) for at_s in range(3)])
    judge(store, OLD)
    assert store.enrichments.note_blocked("the day's 5 calls are used up") == 2
    assert store.enrichments.note_blocked("the day's 5 calls are used up") == 0
    errors = {
        stored.mm.error for stored in (row(store, make_event(at_s=at_s).event_id) for at_s in range(3)) if stored.mm
    }
    assert errors == {None, "the day's 5 calls are used up"}
    judge(store, OLD)


@pytest.mark.parametrize("agree", [Agree.YES, Agree.NO, Agree.UNSURE])
def test_a_review_names_the_verdict_that_it_is_of(store: Store, clock: FakeClock, agree: Agree) -> None:
    event, other = make_event(), make_event(at_s=1)
    store.events.add([event, other])
    assert not store.reviews.add(event.event_id, agree, "too early", "ann")
    judge(store, OLD)
    assert store.reviews.add(event.event_id, agree, "A cloth, 'clearly'.", "ann")
    store.enrichments.rerun(event.event_id)
    judge(store, NEW)
    assert store.reviews.add(event.event_id, Agree.NO, "", "bob")
    first, second = store.reviews.history(event.event_id)
    assert (first.who, first.agree, first.note, first.at) == ("ann", agree, "A cloth, 'clearly'.", clock.now())
    assert (first.model, first.prompt_version, first.verdict) == ("old", "p-1", Verdict.CLEANED)
    assert (second.model, second.prompt_version, second.verdict) == ("new-2026-01", "p-2", Verdict.NOT_CLEANED)
    assert store.reviews.history() == [first, second]
    assert store.reviews.history(other.event_id) == []
    assert not store.reviews.add(UUID(int=5), agree, "", "ann")


def test_what_is_withdrawn_is_kept_and_no_longer_stands(store: Store, clock: FakeClock) -> None:
    event, other = make_event(), make_event(at_s=1)
    store.events.add([event, other])

    def say(agree: Agree, event_id: UUID = event.event_id) -> bool:
        clock.advance(1)
        return store.reviews.add(event_id, agree, "", "ann")

    assert not say(Agree.WITHDRAWN)
    judge(store, OLD)
    judge(store, OLD)
    assert not say(Agree.WITHDRAWN)
    assert say(Agree.YES, other.event_id)
    assert say(Agree.NO)
    assert say(Agree.YES)
    assert [each.is_reviewed for each in store.removed_media.facts([event.event_id])] == [True]
    assert say(Agree.WITHDRAWN)
    assert [each.is_reviewed for each in store.removed_media.facts([event.event_id])] == [False]
    assert not say(Agree.WITHDRAWN)
    assert row(store, event.event_id).review is None
    assert [review.agree for review in store.reviews.history(event.event_id)] == [Agree.NO, Agree.YES, Agree.WITHDRAWN]
    assert [review.event_id for review in not_withdrawn(store.reviews.history())] == [other.event_id]
    assert say(Agree.UNSURE)
    assert not_withdrawn(store.reviews.history(event.event_id)) == [row(store, event.event_id).review]


def test_to_withdraw_takes_back_the_latest_review_although_the_verdict_is_another_by_now(store: Store) -> None:
    event = make_event()
    store.events.add([event])
    judge(store, OLD)
    store.reviews.add(event.event_id, Agree.YES, "", "ann")
    store.enrichments.rerun(event.event_id)
    judge(store, NEW)
    assert store.reviews.add(event.event_id, Agree.WITHDRAWN, "mistaken", "ann")
    assert not_withdrawn(store.reviews.history()) == []
    assert (store.reviews.history()[-1].model, store.reviews.history()[-1].verdict) == (OLD.model, OLD.verdict)
    assert store.reviews.add(event.event_id, Agree.NO, "", "ann")
    assert [review.model for review in not_withdrawn(store.reviews.history())] == [NEW.model]


@pytest.mark.parametrize("raw", [None, {"verdict": "cleaned", "seen": [1, 2.5, None]}, "text", [], 7, True])
def test_a_reply_is_stored_once_and_sent_with_its_event_alone(store: Store, client: TestClient, raw: JsonValue) -> None:
    event = make_event()
    store.events.add([event])
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert store.enrichments.finish(claim, make_result(raw=raw))
    assert client.get(f"/events/{event.event_id}").json()["mm"]["result"]["raw"] == raw
    assert client.get("/events").json()["items"][0]["mm"]["result"]["raw"] is None
    assert [change.row and change.row.mm and change.row.mm.result for change in store.changes.read(1, 5)] == [
        make_result(raw=None)
    ]
    assert [stored.result.raw for stored in store.results.history()] == [raw]
