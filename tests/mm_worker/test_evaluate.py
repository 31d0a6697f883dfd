"""Verdicts against people's reviews, from the database to the report."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from backend_api.base.clock import SystemClock
from backend_api.contract.verdicts import Agree, StoredReview, Verdict
from backend_api.reports.opinions import known_truths
from backend_api.store.store import Store
from backend_api.store.verdict_history import StoredResult
from mm_worker.evaluate import evaluate
from tests.backend_api.events import make_event, make_result
from tests.processes import Running, script

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def review(number: int, verdict: Verdict, agree: Agree) -> StoredReview:
    return StoredReview(
        event_id=UUID(int=number),
        at=AT,
        who="ann",
        agree=agree,
        note="",
        model="m",
        prompt_version="p-1",
        verdict=verdict,
    )


def result(number: int, verdict: Verdict, model: str = "m", prompt_version: str = "p-1") -> StoredResult:
    given = make_result(model=model, prompt_version=prompt_version, verdict=verdict)
    return StoredResult(UUID(int=number), AT, given)


def test_an_opinion_says_what_was_to_be_seen() -> None:
    said = [
        review(1, Verdict.CLEANED, Agree.YES),
        review(2, Verdict.CLEANED, Agree.NO),
        review(3, Verdict.NOT_CLEANED, Agree.NO),
        review(4, Verdict.CANNOT_TELL, Agree.YES),
        review(5, Verdict.CANNOT_TELL, Agree.NO),
        review(6, Verdict.CLEANED, Agree.UNSURE),
        review(7, Verdict.CLEANED, Agree.YES),
        review(7, Verdict.CLEANED, Agree.NO),
        review(7, Verdict.CLEANED, Agree.UNSURE),
        review(8, Verdict.CLEANED, Agree.YES),
        review(8, Verdict.CLEANED, Agree.WITHDRAWN),
    ]
    assert known_truths(said) == {
        UUID(int=1): Verdict.CLEANED,
        UUID(int=2): Verdict.NOT_CLEANED,
        UUID(int=3): Verdict.CLEANED,
        UUID(int=7): Verdict.NOT_CLEANED,
    }


def test_a_review_of_one_models_verdict_judges_the_others_too() -> None:
    results = [
        result(1, Verdict.CLEANED),
        result(2, Verdict.CLEANED),
        result(3, Verdict.CANNOT_TELL),
        result(1, Verdict.NOT_CLEANED, "other"),
        result(2, Verdict.NOT_CLEANED, "other"),
        result(1, Verdict.CLEANED, "m", "p-2"),
        result(1, Verdict.NOT_CLEANED, "m", "p-2"),
    ]
    reviews = [review(1, Verdict.CLEANED, Agree.YES), review(2, Verdict.CLEANED, Agree.NO)]
    first, second, third = evaluate(results, reviews)
    assert (first.model, first.prompt_version, first.events) == ("m", "p-1", 3)
    assert (first.table.hits, first.table.false_alarms, first.table.count) == (1, 1, 2)
    assert first.cannot_tell.value == 1 / 3
    assert (second.prompt_version, second.table.misses, second.table.count) == ("p-2", 1, 1)
    assert (third.model, third.table.misses, third.table.rejections) == ("other", 1, 1)


def test_the_report_stands_beside_the_yardstick(tmp_path: Path) -> None:
    db = tmp_path / "app.db"
    command = [*script("mm_worker/evaluate.py"), "--db", str(db)]
    with Running(command) as evaluation:
        assert evaluation.wait() == 2
    assert "start the backend first" in evaluation.output

    store = Store.open(db, SystemClock(), create=True)
    events = [make_event(at_s=at_s) for at_s in range(4)]
    store.events.add(events)
    for event, agree in zip(events, (Agree.YES, Agree.YES, Agree.NO, Agree.UNSURE), strict=True):
        claim = store.enrichments.claim(30.0)
        assert claim is not None
        assert store.enrichments.finish(claim, make_result(model="tiny", prompt_version="wiped-1-abc"))
        assert store.reviews.add(event.event_id, agree, "", "ann")
    store.close()
    with Running(command) as evaluation:
        assert evaluation.wait() == 0
    assert "tiny, prompt wiped-1-abc" in evaluation.output
    assert "reviewed and decided: 3" in evaluation.output
    assert "sensitivity  100.0% [34.2%, 100.0%]  (2 of 2 cleaned)" in evaluation.output
    assert "specificity  0.0% [0.0%, 79.3%]  (0 of 1 not cleaned)" in evaluation.output
    assert "sensitivity 92.1%, specificity 98.3%" in evaluation.output
    assert "sensitivity 85.2%, specificity 99.4%" in evaluation.output
