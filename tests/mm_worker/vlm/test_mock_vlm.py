"""The mocked model is a pure function of seed and event id, and plausible."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Verdict
from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import Question
from tests.backend_api.events import make_event
from tests.mm_worker.questions import make_question


@given(seed=st.integers(), at_s=st.integers(0, 10_000))
def test_seed_and_event_id_alone_decide(seed: int, at_s: int) -> None:
    answer = MockVlm(seed).judge(make_question(at_s, frames=1))
    used_before = MockVlm(seed)
    used_before.judge(make_question(at_s + 1))
    assert used_before.judge(make_question(at_s, frames=3)) == answer


def test_an_answer_stays_what_it_was_in_earlier_versions() -> None:
    answer = MockVlm(123).judge(make_question(0))
    assert (answer.verdict, answer.confidence) == (Verdict.CLEANED, 0.86)


def test_seeds_and_events_differ_in_their_answers() -> None:
    by_seed = {MockVlm(seed).judge(make_question(0)).confidence for seed in range(20)}
    by_event = {MockVlm(123).judge(make_question(at_s)).confidence for at_s in range(20)}
    assert len(by_seed) > 5
    assert len(by_event) > 5


def test_the_shares_of_the_verdicts_are_plausible() -> None:
    vlm = MockVlm(123)
    counted = Counter(vlm.judge(make_question(at_s, frames=1)).verdict for at_s in range(2000))
    # Four standard deviations of a binomial of 2,000 draws are below 0.05; the seed is fixed besides.
    assert abs(counted[Verdict.CLEANED] / 2000 - 0.7) < 0.05
    assert abs(counted[Verdict.NOT_CLEANED] / 2000 - 0.2) < 0.05
    assert abs(counted[Verdict.CANNOT_TELL] / 2000 - 0.1) < 0.05


def about_the_end(at_s: float) -> Question:
    return Question(make_event(event_type=EventType.MACHINE_OCCUPIED_END, at_s=at_s), ())


def test_the_end_of_a_use_has_answers_of_its_own() -> None:
    vlm = MockVlm(123)
    answers = [vlm.judge(about_the_end(at_s)) for at_s in range(2000)]
    assert {answer.prompt_version for answer in answers} == {"mock-end-1"}
    counted = Counter(answer.verdict for answer in answers)
    assert abs(counted[Verdict.CLEANED] / 2000 - 0.4) < 0.05
    assert abs(counted[Verdict.NOT_CLEANED] / 2000 - 0.5) < 0.05
    of_attempts = {vlm.judge(make_question(at_s, frames=1)).summary for at_s in range(300)}
    assert not of_attempts & {answer.summary for answer in answers}


def test_who_cannot_tell_is_not_confident() -> None:
    answers = [MockVlm(7).judge(make_question(at_s, frames=1)) for at_s in range(300)]
    unsure = [answer.confidence for answer in answers if answer.verdict is Verdict.CANNOT_TELL]
    sure = [answer.confidence for answer in answers if answer.verdict is not Verdict.CANNOT_TELL]
    assert max(unsure) < min(sure)
