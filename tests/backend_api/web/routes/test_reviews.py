"""Reviews: kept for ever, shown with their event, and counted against the model's verdicts."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.contract.events import Event, StoredEvent
from backend_api.contract.stats import AgreementList
from backend_api.contract.verdicts import ReviewList, StoredReview, Verdict
from backend_api.store.store import Store
from tests.backend_api.api import JSON, fields, post, problem
from tests.backend_api.events import make_event, make_result
from tests.fake_clock import FakeClock


def judged(store: Store, at_s: float = 0, **result: Any) -> Event:  # noqa: ANN401
    """An event with a verdict."""
    event = make_event(at_s=at_s)
    store.events.add([event])
    claim = store.enrichments.claim(60)
    assert claim is not None
    assert store.enrichments.finish(claim, make_result(**result))
    return event


def review(client: TestClient, event: Event, content: str) -> Response:
    response: Response = client.post(f"/events/{event.event_id}/review", content=content, headers=JSON)
    return response


def test_reviews_are_kept_and_the_latest_stands_with_the_event(
    client: TestClient, store: Store, clock: FakeClock
) -> None:
    event, other = judged(store), judged(store, 1)
    first = review(client, event, '{"agree": "no", "note": "nobody wipes", "who": "Ann"}')
    assert first.status_code == 201, first.text
    clock.advance(1.5)
    second = StoredReview.model_validate_json(review(client, event, '{"agree": true}').content)
    assert (second.agree, second.who, second.at, second.verdict) == ("yes", "anonymous", clock.now(), Verdict.CLEANED)
    items = client.get("/events").json()["items"]
    shown = {item["event_id"]: StoredEvent.model_validate(item).review for item in items}
    assert shown == {str(event.event_id): second, str(other.event_id): None}
    alone = StoredEvent.model_validate_json(client.get(f"/events/{event.event_id}").content)
    assert alone.review == second
    filtered = client.get("/events", params={"verdict": "cleaned", "event_type": ["CLEANING_ATTEMPT"]}).json()["items"]
    assert len(filtered) == 2
    reviews = ReviewList.model_validate_json(client.get(f"/events/{event.event_id}/reviews").content)
    assert [each.note for each in reviews.items] == ["nobody wipes", ""]
    assert client.get(f"/events/{other.event_id}/reviews").json() == {"items": []}


def test_what_can_not_be_reviewed_says_why(client: TestClient) -> None:
    waiting = make_event()
    problem(review(client, waiting, '{"agree": "yes"}'), 404)
    problem(client.get(f"/events/{waiting.event_id}/reviews"), 404)
    post(client, waiting)
    assert "no verdict" in problem(review(client, waiting, '{"agree": "yes"}'), 409).detail
    assert "no review to withdraw" in problem(review(client, waiting, '{"agree": "withdrawn"}'), 409).detail


@pytest.mark.parametrize(
    ("content", "culprit"),
    [
        ("{}", "agree"),
        ('{"agree": "maybe"}', "agree"),
        ('{"agree": 1}', "agree"),
        ('{"agree": "yes", "who": ""}', "who"),
        ('{"agree": "yes", "mood": "good"}', "mood"),
        ('{"agree": "yes", "note": "' + "x" * 2001 + '"}', "note"),
    ],
)
def test_what_is_no_review_is_refused_with_its_field(
    client: TestClient, store: Store, content: str, culprit: str
) -> None:
    event = judged(store)
    assert fields(problem(review(client, event, content), 422)) == [culprit]
    assert store.reviews.history() == []


def test_sql_in_a_note_is_text(client: TestClient, store: Store) -> None:
    event = judged(store)
    note = """'); DROP TABLE reviews; -- " {"agree": 1}"""
    assert client.post(f"/events/{event.event_id}/review", json={"agree": "yes", "note": note}).status_code == 201
    assert client.get(f"/events/{event.event_id}").json()["review"]["note"] == note


def test_agreement_counts_the_latest_review_of_each_verdict(client: TestClient, store: Store) -> None:
    opinions = [
        (Verdict.CLEANED, ["no", "yes"]),
        (Verdict.CLEANED, ["yes"]),
        (Verdict.CLEANED, ["no"]),
        (Verdict.NOT_CLEANED, ["yes"]),
        (Verdict.NOT_CLEANED, ["unsure"]),
        (Verdict.CANNOT_TELL, ["yes"]),
        (Verdict.CLEANED, ["yes", "no", "withdrawn"]),
    ]
    for at_s, (verdict, agrees) in enumerate(opinions):
        event = judged(store, at_s, verdict=verdict)
        for agree in agrees:
            review(client, event, f'{{"agree": "{agree}"}}')
    review(client, judged(store, 100, model="another"), '{"agree": "no"}')
    another, mock = AgreementList.model_validate_json(client.get("/stats/agreement").content).items
    assert (another.model, another.disagreed, another.sensitivity) == ("another", 1, None)
    assert (mock.agreed, mock.disagreed, mock.unsure, mock.cannot_tell) == (3, 1, 1, 1)
    assert mock.agreement is not None
    assert (mock.agreement.value, round(mock.agreement.low, 3), round(mock.agreement.high, 3)) == (0.75, 0.301, 0.954)
    assert mock.sensitivity is not None
    assert mock.sensitivity.value == 1
    assert mock.specificity is not None
    assert mock.specificity.value == 0.5
    assert mock.kappa is not None
    assert mock.kappa.value == pytest.approx(0.5)
    assert mock.kappa.low < mock.kappa.value < mock.kappa.high


def test_agreement_of_nothing_is_an_empty_list(client: TestClient) -> None:
    assert client.get("/stats/agreement").json() == {"items": []}
