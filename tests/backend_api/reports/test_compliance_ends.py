"""GET /stats/compliance where ends of uses are judged, too: each question by its own reviews, each window once."""

import random
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from backend_api.contract.compliance import Compliance, SuggestedReviews
from backend_api.contract.events import Event, EventType
from backend_api.contract.stats import Estimate
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.store.store import Store
from tests.backend_api.api import JSON
from tests.backend_api.events import START, make_event, make_result
from tests.fake_clock import FakeClock

ATTEMPT, END = EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END
PROMPTS = {ATTEMPT: "attempt-1", END: "end-1"}
EVERY_S = 600


class Gym:
    """Uses of one machine of which it is known whether it was wiped before leaving, and in the window."""

    def __init__(self, store: Store, client: TestClient, clock: FakeClock) -> None:
        self.store, self.client, self.clock = store, client, clock
        self.truth: dict[str, bool] = {}
        self.cleaned: list[bool] = []

    def use(self, *, before: bool, in_window: bool | None, says: dict[EventType, Verdict]) -> None:
        """One use; `in_window` is None without an attempt, `says` what the model answers where it is asked."""
        at_s = len(self.cleaned) * EVERY_S
        self.clock.jump_wall_clock((START + timedelta(seconds=at_s) - self.clock.now()).total_seconds())
        start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, at_s=at_s)
        closes_at = (START + timedelta(seconds=at_s + 180)).isoformat()
        events = [
            start,
            make_event(event_type=END, at_s=at_s + 60),
            make_event(event_type=EventType.CLEANING_WINDOW_OPEN, at_s=at_s + 60, attributes={"closes_at": closes_at}),
        ]
        if in_window is not None:
            events.append(make_event(event_type=ATTEMPT, at_s=at_s + 70))
        self.store.events.add([event.model_copy(update={"session_id": start.event_id}) for event in events])
        self.truth |= {str(events[1].event_id): before} | {str(event.event_id): bool(in_window) for event in events[3:]}
        self.clock.advance(240)
        while (claim := self.store.enrichments.claim(60)) is not None:
            kind = claim.event.event_type
            result = make_result(verdict=says[kind], prompt_version=PROMPTS[kind])
            assert self.store.enrichments.finish(claim, result)
        self.cleaned.append(before or bool(in_window))

    def compliance(self) -> Compliance:
        answer = self.client.get("/stats/compliance", params={"since": START.isoformat()})
        assert answer.status_code == 200, answer.text
        return Compliance.model_validate_json(answer.content)

    def suggest(self, count: int) -> SuggestedReviews:
        answer = self.client.post("/reviews/draws", content=f'{{"count": {count}}}', headers=JSON)
        assert answer.status_code == 201, answer.text
        return SuggestedReviews.model_validate_json(answer.content)

    def review(self, event: Event, verdict: Verdict) -> None:
        is_right = (verdict is Verdict.CLEANED) == self.truth[str(event.event_id)]
        assert self.store.reviews.add(event.event_id, Agree.YES if is_right else Agree.NO, "", "Ann")


@pytest.fixture
def gym(store: Store, client: TestClient, clock: FakeClock) -> Gym:
    store.draws.new_seed = lambda: "a"
    return Gym(store, client, clock)


def test_each_window_counts_once_as_what_both_verdicts_make_of_it(gym: Gym) -> None:
    yes, no, unknown = Verdict.CLEANED, Verdict.NOT_CLEANED, Verdict.CANNOT_TELL
    for in_window, of_attempt, of_end in (
        (None, no, yes),
        (None, no, no),
        (None, no, unknown),
        (True, yes, no),
        (False, no, yes),
        (False, no, no),
        (False, no, unknown),
        (True, unknown, yes),
        (True, unknown, no),
    ):
        gym.use(before=False, in_window=in_window, says={ATTEMPT: of_attempt, END: of_end})
    found = gym.compliance()
    assert (found.windows, found.undecided, found.apparent) == (6, 3, round(4 / 6, 4))
    assert (found.not_attempted, found.not_asked) == (1, 0)
    about = {model.prompt_version: (model.asks_about, model.windows) for model in found.models}
    assert about == {"attempt-1": (ATTEMPT, 3), "end-1": (END, 5)}
    total = gym.client.get("/stats", params={"since": START.isoformat()}).json()["total"]
    names = ("closed", "cleaned", "cleaned_before_leaving", "not_attempted", "not_cleaned", "cannot_tell", "unjudged")
    assert [total[f"windows_{name}"] for name in names] == [9, 4, 3, 1, 1, 3, 0]
    assert total["median_to_clean_s"] == 10.0


def test_without_judging_ends_a_window_without_an_attempt_counts_as_not_cleaned(gym: Gym) -> None:
    gym.store.enrichments.judge_ends(is_on=False)
    gym.use(before=True, in_window=None, says={})
    gym.use(before=True, in_window=False, says={ATTEMPT: Verdict.NOT_CLEANED})
    found = gym.compliance()
    assert (found.windows, found.not_attempted, found.not_asked, found.apparent) == (2, 1, 1, 0.0)
    assert [model.prompt_version for model in found.models] == ["attempt-1"]


def test_reviews_of_both_questions_correct_the_figure(gym: Gym) -> None:
    """Both models overlook a fifth of the wipes and invent a tenth."""
    chance = random.Random(11)

    def says(truth: bool) -> Verdict:
        right = chance.random() < (0.8 if truth else 0.9)
        return Verdict.CLEANED if truth == right else Verdict.NOT_CLEANED

    for _ in range(140):
        before = chance.random() < 0.3
        in_window = None if chance.random() < 0.4 else chance.random() < 0.8
        gym.use(before=before, in_window=in_window, says={ATTEMPT: says(bool(in_window)), END: says(before)})
    asked = set()
    for _ in range(2):
        drawn = gym.suggest(60)
        assert drawn.prompt_version is not None
        asked.add(drawn.prompt_version)
        # As long as some are to be given, no others are proposed.
        again = SuggestedReviews.model_validate_json(gym.client.get("/reviews/suggested").content)
        assert again == drawn
        for item in drawn.items:
            row = gym.store.events.find(item.event_id)
            assert row is not None
            gym.review(row.event, item.verdict)
    assert asked == {"attempt-1", "end-1"}
    found, truth = gym.compliance(), sum(gym.cleaned) / len(gym.cleaned)
    assert found.apparent is not None
    assert isinstance(found.corrected, Estimate)
    assert found.corrected.low <= truth <= found.corrected.high
    assert abs(found.corrected.value - truth) < 0.06
    rows = gym.client.get("/stats/agreement").json()["items"]
    assert {row["prompt_version"] for row in rows} == {"attempt-1", "end-1"}
