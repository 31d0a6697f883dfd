"""The statistics against published worked examples, and what they do at the edges."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.verdicts import Agree, StoredReview, Verdict
from backend_api.reports.agreement import GivenVerdict, Table, kappa, known_truths, score, wilson
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.store.verdict_history import not_withdrawn
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

counts = st.integers(0, 500)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombe_1998_table_1(
    successes: int, count: int, low: float, high: float
) -> None:
    estimate = wilson(successes, count)
    assert estimate is not None
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)
    assert estimate.value == successes / count


def test_kappa_gives_the_worked_example_of_statpsych() -> None:
    """Bonett's R package statpsych, `ci.kappa(.05, 31, 12, 4, 58)`, after Fleiss and Paik (2003)."""
    estimate = kappa(((31, 12), (4, 58)))
    assert estimate is not None
    assert estimate.value == pytest.approx(0.6756757, abs=1e-7)
    assert (estimate.low, estimate.high) == pytest.approx((0.5317210, 0.8196303), abs=1e-6)


@pytest.mark.parametrize("counts", [((2, 0), (0, 2)), ((0, 3), (3, 0)), ((3, 0), (1, 0)), ((0, 0), (2, 2))])
def test_few_reviews_never_make_kappa_certain(counts: tuple[tuple[int, int], tuple[int, int]]) -> None:
    few, many = kappa(counts), kappa(((counts[0][0] * 99, counts[0][1] * 99), (counts[1][0] * 99, counts[1][1] * 99)))
    assert few is not None
    assert many is not None
    assert few.high - few.low > 0.4
    assert 0 < many.high - many.low < (few.high - few.low) / 2
    assert few.value == pytest.approx(many.value)


def test_kappa_of_perfect_agreement_reaches_as_low_as_the_agreement_does() -> None:
    """Of 10 that agree, Wilson's interval begins at 0.7225; half would agree by chance."""
    estimate = kappa(((5, 0), (0, 5)))
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((1.0, 0.4449, 1.0), abs=1e-4)


def test_the_table_names_what_is_divided_by_what() -> None:
    table = Table(hits=9, misses=1, false_alarms=2, rejections=6)
    sensitivity, specificity = table.sensitivity(), table.specificity()
    assert sensitivity is not None
    assert specificity is not None
    assert (sensitivity.value, specificity.value, table.count) == (0.9, 0.75, 18)
    assert table.kappa() == kappa(((9, 1), (2, 6)))


def test_nothing_reviewed_is_unknown() -> None:
    assert (Table().sensitivity(), Table().specificity(), Table().kappa()) == (None, None, None)
    assert Table(hits=7).kappa() is None
    assert Table(hits=7).specificity() is None


@given(successes=counts, others=counts)
def test_an_interval_holds_its_value_and_stays_in_0_to_1(successes: int, others: int) -> None:
    estimate = wilson(successes, successes + others)
    if successes + others == 0:
        assert estimate is None
    else:
        assert estimate is not None
        assert 0 <= estimate.low <= estimate.value + 1e-12
        assert estimate.value - 1e-12 <= estimate.high <= 1


@given(a=counts, b=counts, c=counts, d=counts)
def test_kappa_is_the_same_whoever_is_asked_first_and_whatever_is_called_positive(
    a: int, b: int, c: int, d: int
) -> None:
    one = kappa(((a, b), (c, d)))
    for other in (kappa(((a, c), (b, d))), kappa(((d, c), (b, a)))):
        if one is None:
            assert other is None
        else:
            assert other is not None
            assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), abs=1e-6)
    if one is not None:
        assert -1 <= one.low <= one.value + 1e-9
        assert one.value - 1e-9 <= one.high <= 1


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


def result(number: int, verdict: Verdict, model: str = "m", prompt_version: str = "p-1") -> GivenVerdict:
    return GivenVerdict(str(UUID(int=number)), model, prompt_version, verdict)


def test_an_opinion_says_what_was_to_be_seen() -> None:
    said = [
        review(1, Verdict.CLEANED, Agree.YES),
        review(2, Verdict.CLEANED, Agree.NO),
        review(3, Verdict.NOT_CLEANED, Agree.NO),
        review(4, Verdict.CANNOT_TELL, Agree.YES),
        review(5, Verdict.CANNOT_TELL, Agree.NO),
        review(6, Verdict.CLEANED, Agree.UNSURE),
        # Of one verdict the latest counts.
        review(7, Verdict.CLEANED, Agree.YES),
        review(7, Verdict.CLEANED, Agree.NO),
        review(7, Verdict.CLEANED, Agree.UNSURE),
        review(8, Verdict.CLEANED, Agree.YES),
        review(8, Verdict.CLEANED, Agree.WITHDRAWN),
    ]
    assert {UUID(event_id).int: truth for event_id, truth in known_truths(said).items()} == {
        1: Verdict.CLEANED,
        2: Verdict.NOT_CLEANED,
        3: Verdict.CLEANED,
        4: None,
        5: None,
        6: None,
        7: None,
    }


def test_what_is_unsure_of_one_verdict_leaves_what_was_said_of_another() -> None:
    of_another = review(1, Verdict.NOT_CLEANED, Agree.UNSURE).model_copy(update={"model": "another"})
    truths = known_truths([review(1, Verdict.CLEANED, Agree.NO), of_another])
    assert list(truths.values()) == [Verdict.NOT_CLEANED]


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
    first, second, third = score(results, reviews)
    assert (first.model, first.prompt_version, first.events) == ("m", "p-1", 3)
    assert (first.table.hits, first.table.false_alarms, first.table.count) == (1, 1, 2)
    assert first.cannot_tell == 1
    assert (second.prompt_version, second.table.misses, second.table.count) == ("p-2", 1, 1)
    assert (third.model, third.table.misses, third.table.rejections) == ("other", 1, 1)


JUDGEMENT = st.tuples(st.integers(0, 3), st.sampled_from(Verdict), st.sampled_from(["a", "b"]))
OPINION = st.tuples(st.integers(0, 3), st.sampled_from(Agree))


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.one_of(JUDGEMENT, OPINION), max_size=25))
def test_the_api_and_the_evaluation_read_the_same_of_one_database(
    steps: list[tuple[int, Verdict, str] | tuple[int, Agree]],
) -> None:
    """With reruns of other models, reviews of verdicts that are no longer shown, and withdrawals."""
    clock = FakeClock()
    with TemporaryDirectory() as folder, closing(fresh_store(Path(folder) / "db", clock)) as store:
        events = [make_event(at_s=at_s) for at_s in range(4)]
        store.events.add(events)
        for number, said, *model in steps:
            event_id = events[number].event_id
            if isinstance(said, Agree):
                store.reviews.add(event_id, said, "", "ann")
            else:
                clock.advance(3600)
                judge(store, event_id, said, model[0])
        answered = {(item.model, item.prompt_version): item for item in Reports(store).agreement().items}
        scores = {(found.model, found.prompt_version): found for found in Reports(store).scores()}
        assert answered.keys() == {asked for asked, found in scores.items() if found.is_reviewed}
        for asked, item in answered.items():
            assert item == scores[asked].agreement()
            assert item.agreed + item.disagreed == scores[asked].table.count
        reviewed = {review.event_id for review in not_withdrawn(store.reviews.history())}
        judged = {(stored.event_id, stored.result.model) for stored in store.results.history()}
        for (name, _), item in answered.items():
            counted = item.agreed + item.disagreed + item.unsure + item.cannot_tell
            assert counted == sum((event_id, name) in judged for event_id in reviewed)


def judge(store: Store, event_id: UUID, verdict: Verdict, model: str) -> None:
    """Have the event's verdict given, however often it was before."""
    store.enrichments.rerun(event_id)
    while (claim := store.enrichments.claim(60)) is not None:
        if claim.event.event_id == event_id:
            assert store.enrichments.finish(claim, make_result(verdict=verdict, model=model))
            return
        assert store.enrichments.fail(claim, "another's turn", 3600.0)
