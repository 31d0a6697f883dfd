"""Nothing is asked, and so paid for, twice: not by claims that were lost, nor beyond caps that many workers share."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from backend_api.contract.verdicts import MmStatus
from mm_worker.jobs.admission import Admission
from mm_worker.jobs.worker_loop import JobOutcome, Pace, Worker
from mm_worker.vlm.budget import Budget, Caps, day_start
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.openai_vlm import OpenAiVlm
from mm_worker.worker import run_threads
from tests.backend_api.events import make_result
from tests.mm_worker.chat_dialects import CUT, MODEL, Played, answers, fails, says, speaking
from tests.mm_worker.chat_scene import PROMPTS
from tests.mm_worker.models import AskedVlm
from tests.mm_worker.scene import JITTER_SEED, PACE, Scene

DAY_S = 86_400


@contextmanager
def workers_at(scene: Scene, url: str, caps: Caps, count: int = 1, pace: Pace = PACE) -> Iterator[list[Worker]]:
    """Workers of one process, with an admission and a budget of their own."""
    with closing(ChatServer(url, None, scene.clock, connect_s=30, total_s=30, connections=count)) as server:
        budget = Budget(scene.store, scene.clock, caps, None)
        admission = Admission(scene.clock, random.Random(JITTER_SEED), budget)
        vlm = OpenAiVlm(server, MODEL, PROMPTS, budget)
        yield [scene.worker(vlm, admission, pace) for _ in range(count)]


def calls(scene: Scene) -> int:
    return scene.store.calls.spent(day_start(scene.clock.now())).calls


def overtake(scene: Scene) -> None:
    """The lease runs out, and another worker judges the event."""
    scene.clock.advance(PACE.lease_s + 1)
    taken_over = scene.store.enrichments.claim(PACE.lease_s)
    assert taken_over is not None
    assert scene.store.enrichments.finish(taken_over, make_result())


def test_a_claim_that_was_lost_while_its_clip_was_read_is_not_asked_about(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = scene.add_attempt()
    claim, vlm = scene.store.enrichments.claim, AskedVlm()

    def claim_and_fall_asleep(lease_s: float, *, awaits_late: bool) -> object:
        monkeypatch.undo()
        claimed = claim(lease_s, awaits_late=awaits_late)
        overtake(scene)
        return claimed

    monkeypatch.setattr(scene.store.enrichments, "claim", claim_and_fall_asleep)
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.LOST: 1})
    assert vlm.questions == []
    assert scene.enrichment(event).result == make_result()


@pytest.mark.parametrize("played", [answers(), says("no JSON")], ids=["a verdict", "nothing usable"])
def test_an_answer_that_comes_after_the_lease_is_counted_and_dropped(scene: Scene, played: Played) -> None:
    event = scene.add_attempt()
    overtaken: list[bool] = []

    def be_overtaken() -> None:
        if not overtaken:
            overtaken.append(True)
            overtake(scene)

    with speaking(Played(played.body, after=be_overtaken)) as dialect, workers_at(scene, dialect.url, Caps()) as [one]:
        assert one.run(drain=True) == Counter({JobOutcome.LOST: 1})
        assert calls(scene) == len(dialect.asked)
    enrichment = scene.enrichment(event)
    assert (enrichment.status, enrichment.result, enrichment.error) == (MmStatus.DONE, make_result(), None)


def test_a_question_whose_worker_died_counts(scene: Scene) -> None:
    event = scene.add_attempt()
    budget = Budget(scene.store, scene.clock, Caps(calls=1), None)
    # A worker asks, and dies before there is an answer.
    assert scene.store.enrichments.claim(PACE.lease_s) is not None
    budget.begin(event.event_id)
    scene.clock.advance(PACE.lease_s + 1)
    with speaking(answers()) as dialect, workers_at(scene, dialect.url, Caps(calls=1)) as [one]:
        assert one.run(drain=True) == Counter()
        assert dialect.asked == []
    with speaking(answers()) as dialect, workers_at(scene, dialect.url, Caps(calls=2)) as [one]:
        assert one.run(drain=True) == Counter({JobOutcome.DONE: 1})
    assert calls(scene) == 2


@pytest.mark.parametrize(
    "unanswered",
    [CUT, Played(b'{"choices"', promised_bytes=5000), Played(b"\xff"), Played(b'{"choices": [{"message": 7}]}')],
    ids=["cut", "broken off", "not UTF-8", "unreadable"],
)
def test_what_was_asked_and_never_answered_counts_as_the_dearest(scene: Scene, unanswered: Played) -> None:
    for at_s in range(4):
        scene.add_attempt(at_s)
    # An answer takes 1050 tokens.
    with (
        speaking(answers(), unanswered) as dialect,
        workers_at(scene, dialect.url, Caps(tokens=4 * 1050)) as [one],
    ):
        one.run(drain=True)
        assert len(dialect.asked) == 4
    assert scene.store.calls.spent(day_start(scene.clock.now())).tokens == 4 * 1050


def test_what_was_refused_costs_no_tokens(scene: Scene) -> None:
    for at_s in range(2):
        scene.add_attempt(at_s)
    with (
        speaking(answers(), fails(500), fails(429), answers()) as dialect,
        workers_at(scene, dialect.url, Caps(tokens=9999)) as [one],
    ):
        one.run(drain=True)
        assert len(dialect.asked) == 4
    assert scene.store.calls.spent(day_start(scene.clock.now())).tokens == 2 * 1050


@pytest.mark.parametrize("days", [1, 400])
def test_a_clock_that_is_set_back_over_midnight_opens_no_cap(scene: Scene, days: int) -> None:
    for at_s in range(6):
        scene.add_attempt(at_s)
    with speaking(answers()) as dialect, workers_at(scene, dialect.url, Caps(calls=2)) as [one]:
        done = []
        for jump_days in (0, -days, days, days, -days, days):
            scene.clock.jump_wall_clock(jump_days * DAY_S)
            done.append(one.run(drain=True)[JobOutcome.DONE])
        # A day's cap, spent on the first day and on the one that the clock came to in the middle.
        assert done == [2, 0, 0, 2, 0, 0]
        assert len(dialect.asked) == 4


@pytest.mark.parametrize("cap", [1, 5, 8])
def test_all_workers_of_all_processes_keep_one_cap(scene: Scene, cap: int) -> None:
    events = [scene.add_attempt(at_s) for at_s in range(9)]
    # Who has nothing to do moves the clock on, while others work: no lease may run out for that.
    pace = Pace(lease_s=DAY_S, poll_s=0.01)
    with (
        speaking(answers()) as dialect,
        workers_at(scene, dialect.url, Caps(calls=cap), 4, pace) as some,
        workers_at(scene, dialect.url, Caps(calls=cap), 4, pace) as others,
    ):
        outcomes = run_threads([*some, *others], scene.stop, drain=True)
        assert len(dialect.asked) == cap
    assert set(outcomes) <= {JobOutcome.DONE, JobOutcome.RELEASED}
    assert outcomes[JobOutcome.DONE] == cap
    waiting = [scene.enrichment(event) for event in events if scene.enrichment(event).status is MmStatus.PENDING]
    assert len(waiting) == len(events) - cap
    assert all("daily cap" in (enrichment.error or "") and enrichment.attempts == 0 for enrichment in waiting)
