"""Compliance as it is corrected by reviews of what was drawn, over the API, and which reviews do not count."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.compliance import Compliance, SuggestedReviews, TooFewReviews
from backend_api.contract.events import Event, EventType
from backend_api.contract.stats import Estimate
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.store.store import Store
from tests.backend_api.api import JSON, problem
from tests.backend_api.events import START, make_event, make_result
from tests.fake_clock import FakeClock

DAY_S = 86_400.0


class Gym:
    """Sessions of one machine whose truth is known, and people who review them rightly."""

    def __init__(self, store: Store, client: TestClient, clock: FakeClock) -> None:
        self.store, self.client, self.clock = store, client, clock
        self.truth: dict[UUID, bool] = {}
        self.attempts: list[Event] = []
        self._at_s = 0.0
        store.enrichments.judge_ends(is_on=False)

    def let_use(
        self,
        *sessions: tuple[bool, Verdict] | None,
        every_s: float = 300.0,
        model: str = "mock",
        store_id: str = "gym_demo",
    ) -> None:
        """Sessions, one after the other: whether it was cleaned, and what the model says; None without an attempt."""
        for session in sessions:
            at_s = self._at_s
            self._at_s += every_s
            start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, at_s=at_s, store_id=store_id)
            names = {"session_id": start.event_id, "store_id": store_id}
            closes_at = (START + timedelta(seconds=at_s + 100)).isoformat()
            events = [
                start.model_copy(update=names),
                make_event(
                    event_type=EventType.MACHINE_OCCUPIED_END,
                    at_s=at_s + 60,
                    attributes={"occupied_s": 60.0, "end_reason": "left"},
                    **names,
                ),
                make_event(
                    event_type=EventType.CLEANING_WINDOW_OPEN,
                    at_s=at_s + 60,
                    attributes={"closes_at": closes_at},
                    **names,
                ),
            ]
            if session is not None:
                attempt = make_event(at_s=at_s + 70, **names)
                events.append(attempt)
                self.attempts.append(attempt)
                self.truth[attempt.event_id] = session[0]
            self.clock.jump_wall_clock((START + timedelta(seconds=self._at_s) - self.clock.now()).total_seconds())
            self.store.events.add(events)
            if session is not None:
                claim = self.store.enrichments.claim(60)
                assert claim is not None
                assert self.store.enrichments.finish(claim, make_result(verdict=session[1], model=model))

    def review(self, event_id: UUID) -> None:
        event = self.store.events.find(event_id)
        assert event is not None
        assert event.mm is not None
        assert event.mm.result is not None
        right = (event.mm.result.verdict is Verdict.CLEANED) == self.truth[event_id]
        assert self.store.reviews.add(event_id, Agree.YES if right else Agree.NO, "", "Ann")

    def compliance(self, **query: object) -> Compliance:
        answer = self.client.get("/stats/compliance", params={"since": START.isoformat(), **query})
        assert answer.status_code == 200, answer.text
        return Compliance.model_validate_json(answer.content)

    def suggest(self, count: int) -> SuggestedReviews:
        answer = self.client.post("/reviews/draws", content=f'{{"count": {count}}}', headers=JSON)
        assert answer.status_code == 201, answer.text
        return SuggestedReviews.model_validate_json(answer.content)

    def suggested(self) -> SuggestedReviews:
        return SuggestedReviews.model_validate_json(self.client.get("/reviews/suggested").content)


@pytest.fixture
def gym(store: Store, client: TestClient, clock: FakeClock) -> Gym:
    """Draws go by one seed: of a hundred, five would lead to an interval without the truth."""
    store.draws.new_seed = lambda: "a"
    return Gym(store, client, clock)


def sessions(number: int, cleaned: float, sensitivity: float, specificity: float) -> list[tuple[bool, Verdict]]:
    chance = random.Random(7)
    found = []
    for _ in range(number):
        is_cleaned = chance.random() < cleaned
        is_right = chance.random() < (sensitivity if is_cleaned else specificity)
        found.append((is_cleaned, Verdict.CLEANED if is_cleaned == is_right else Verdict.NOT_CLEANED))
    return found


def test_suggested_reviews_correct_the_figure(gym: Gym) -> None:
    """A model that calls a third of what was not cleaned cleaned, and little else wrong."""
    gym.let_use(*sessions(160, 0.6, 0.95, 0.65), *[None] * 20)
    before = gym.compliance()
    assert (before.windows, before.not_attempted, before.undecided) == (180, 20, 0)
    assert isinstance(before.corrected, TooFewReviews)
    [model] = before.models
    assert model.next_reviews is not None
    assert not model.next_reviews.are_drawn
    drawn = gym.suggest(60)
    assert (drawn.drawn, len(drawn.items), drawn.reviewed) == (60, 60, 0)
    assert gym.suggested() == drawn
    ahead = gym.compliance().models[0].next_reviews
    assert ahead is not None
    assert (ahead.are_drawn, ahead.cleaned + ahead.not_cleaned) == (True, 60)
    assert isinstance(ahead.corrected, Estimate)
    for item in drawn.items:
        gym.review(item.event_id)
    after = gym.compliance()
    assert isinstance(after.corrected, Estimate)
    truth = sum(gym.truth.values()) / 180
    assert before.apparent is not None
    assert before.apparent > truth + 0.05
    assert after.corrected.low <= truth <= after.corrected.high
    assert abs(after.corrected.value - truth) < 0.05
    [model] = after.models
    assert model.cleaned.reviewed + model.not_cleaned.reviewed == 60
    assert (model.cleaned.drawn, model.not_cleaned.drawn) == (model.cleaned.reviewed, model.not_cleaned.reviewed)
    assert isinstance(model.specificity, Estimate)
    assert model.specificity.value < 0.8
    assert gym.suggested().items == []


def test_reviews_that_somebody_picked_do_not_count(gym: Gym) -> None:
    gym.let_use(*sessions(100, 0.6, 0.9, 0.9))
    for attempt in gym.attempts[:50]:
        gym.review(attempt.event_id)
    found = gym.compliance()
    assert isinstance(found.corrected, TooFewReviews)
    assert found.models[0].reviews_not_counted == 50
    # What was picked and is drawn later counts: chance chose it.
    drawn = gym.suggest(40)
    assert drawn.drawn == 40
    assert 0 < drawn.reviewed < 40
    [model] = gym.compliance().models
    assert model.cleaned.reviewed + model.not_cleaned.reviewed == drawn.reviewed
    assert model.reviews_not_counted == 50 - drawn.reviewed


def test_a_day_that_was_reviewed_completely_counts(gym: Gym) -> None:
    """Each of 60 attempts of the first day, and all but one of the second; each day from 9:00 to 19:00."""
    gym.let_use(*sessions(60, 0.6, 0.9, 0.9), every_s=600.0)
    gym.let_use(*[None] * 84, every_s=600.0)
    gym.let_use(*sessions(60, 0.6, 0.9, 0.9), every_s=600.0)
    for attempt in gym.attempts:
        gym.review(attempt.event_id)
    [model] = gym.compliance().models
    assert model.complete_days == 1, "the second day is not over"
    gym.clock.advance(DAY_S)
    [model] = gym.compliance().models
    assert (model.complete_days, model.cleaned.reviewed + model.not_cleaned.reviewed) == (2, 120)
    assert gym.store.reviews.add(gym.attempts[-1].event_id, Agree.WITHDRAWN, "", "Ann")
    found = gym.compliance()
    [model] = found.models
    assert (model.complete_days, model.cleaned.reviewed + model.not_cleaned.reviewed) == (1, 60)
    assert model.reviews_not_counted == 59
    assert isinstance(found.corrected, Estimate)
    assert isinstance(model.sensitivity, Estimate)


@pytest.mark.both_databases
def test_unsure_says_nothing_and_is_not_asked_for_again(gym: Gym) -> None:
    gym.let_use(*sessions(40, 0.5, 0.9, 0.9))
    drawn = gym.suggest(30)
    for item in drawn.items[:10]:
        assert gym.store.reviews.add(item.event_id, Agree.UNSURE, "", "Ann")
    assert len(gym.suggested().items) == 20
    [model] = gym.compliance().models
    assert model.cleaned.reviewed + model.not_cleaned.reviewed == 0
    assert model.next_reviews is not None
    assert model.next_reviews.cleaned + model.next_reviews.not_cleaned == 20
    # Withdrawn, it is asked for again.
    assert gym.store.reviews.add(drawn.items[0].event_id, Agree.WITHDRAWN, "", "Ann")
    assert gym.suggested().items[0] == drawn.items[0]


def test_each_model_is_corrected_by_its_own_reviews(gym: Gym) -> None:
    gym.let_use(*sessions(60, 0.5, 0.9, 0.9), model="first")
    gym.suggest(50)
    gym.let_use(*sessions(60, 0.5, 0.7, 0.9), model="second")
    assert gym.suggested().model == "second"
    first = gym.client.get("/reviews/suggested", params={"model": "first", "prompt_version": "1"}).json()
    for item in SuggestedReviews.model_validate(first).items:
        gym.review(item.event_id)
    found = gym.compliance()
    assert [(model.model, isinstance(model.sensitivity, Estimate)) for model in found.models] == [
        ("first", True),
        ("second", False),
    ]
    assert isinstance(found.corrected, TooFewReviews)
    until = (START + timedelta(seconds=60 * 300)).isoformat()
    assert isinstance(gym.compliance(until=until).corrected, Estimate)


def test_windows_that_came_after_the_draw_are_corrected_too(gym: Gym) -> None:
    gym.let_use(*sessions(150, 0.6, 0.95, 0.8))
    for item in gym.suggest(100).items:
        gym.review(item.event_id)
    gym.let_use(*sessions(120, 0.3, 0.95, 0.8))
    later = START + timedelta(seconds=150 * 300)
    found = gym.compliance(since=later.isoformat())
    assert found.windows == 120
    assert isinstance(found.corrected, Estimate)
    assert found.apparent is not None
    assert found.corrected.value < found.apparent


def test_what_has_no_verdict_that_decides_is_left_out(gym: Gym) -> None:
    gym.let_use((True, Verdict.CLEANED), (True, Verdict.CANNOT_TELL), None)
    found = gym.compliance()
    assert (found.windows, found.not_attempted, found.undecided, found.apparent) == (2, 1, 1, 0.5)


def test_without_windows_there_is_nothing_to_correct(gym: Gym) -> None:
    found = gym.compliance()
    assert (found.windows, found.apparent, found.corrected, found.models) == (0, None, None, [])
    assert gym.suggested() == SuggestedReviews(model=None, prompt_version=None, drawn=0, reviewed=0, items=[])
    problem(gym.client.post("/reviews/draws", content="{}", headers=JSON), 409)


@pytest.mark.both_databases
def test_no_verdict_is_drawn_twice_and_none_without_its_clip(gym: Gym) -> None:
    gym.let_use(*sessions(30, 0.5, 0.9, 0.9))
    gym.store.removed_media.note([(gym.attempts[0].event_id, "made room")])
    first = gym.suggest(20)
    second = gym.suggest(20)
    assert second.drawn == 29
    ids = [item.event_id for item in second.items]
    assert ids[:20] == [item.event_id for item in first.items]
    assert len(set(ids)) == 29
    assert gym.attempts[0].event_id not in ids
    problem(gym.client.post("/reviews/draws", content="{}", headers=JSON), 409)
    problem(gym.client.post("/reviews/draws", content='{"count": 0}', headers=JSON), 422)
    problem(gym.client.post("/reviews/draws", content='{"model": "mock"}', headers=JSON), 422)


def test_each_store_is_corrected_by_the_reviews_of_all(gym: Gym) -> None:
    """One where half of the windows are cleaned, one where nearly all are, and one without an attempt."""
    gym.let_use(*sessions(120, 0.5, 0.95, 0.65), store_id="half")
    gym.let_use(*sessions(120, 0.9, 0.95, 0.65), store_id="most")
    gym.let_use(*[None] * 40, store_id="none")
    before = {each.store_id: each for each in gym.compliance().stores}
    assert isinstance(before["half"].corrected, TooFewReviews)
    for item in gym.suggest(80).items:
        gym.review(item.event_id)
    found = gym.compliance()
    assert isinstance(found.corrected, Estimate)
    stores = {each.store_id: each for each in found.stores}
    assert [each.windows for each in found.stores] == [120, 120, 40]
    assert sum(each.windows for each in found.stores) == found.windows
    for store_id in ("half", "most"):
        alone = gym.compliance(store_id=store_id)
        assert alone.stores == []
        assert (stores[store_id].apparent, stores[store_id].corrected) == (alone.apparent, alone.corrected)
        figure = stores[store_id].corrected
        assert isinstance(figure, Estimate)
        attempts = [event for event in gym.attempts if event.store_id == store_id]
        assert figure.low <= sum(gym.truth[event.event_id] for event in attempts) / len(attempts) <= figure.high
    none = stores["none"].corrected
    assert isinstance(none, Estimate)
    assert (stores["none"].apparent, none.value) == (0.0, 0.0)


def test_a_store_by_itself_has_nothing_beside_it(gym: Gym) -> None:
    gym.let_use((True, Verdict.CLEANED))
    assert gym.compliance().stores == []
