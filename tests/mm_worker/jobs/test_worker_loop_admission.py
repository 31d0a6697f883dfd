"""What is no event's fault, a server that is away or a cap that is reached, counts against none; events say so."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from backend_api.contract.verdicts import MmStatus
from backend_api.media.folder import MediaFolder
from backend_api.media.media import MediaAway
from mm_worker.jobs.admission import Admission
from mm_worker.jobs.worker_loop import JobOutcome
from mm_worker.vlm.budget import Budget, Caps, Prices, day_left_s
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.openai_vlm import OpenAiVlm
from mm_worker.vlm.vlm import ServerAway, ServerTrouble
from tests.mm_worker.chat_dialects import MODEL, answers, speaking
from tests.mm_worker.chat_scene import PROMPTS
from tests.mm_worker.models import AskedVlm
from tests.mm_worker.scene import JITTER_SEED, Scene


def failing(*errors: Exception) -> tuple[AskedVlm, list[Exception]]:
    left = list(errors)

    def fail() -> None:
        if left:
            raise left.pop(0)

    return AskedVlm(before=fail), left


class AwayAtFirst(MediaFolder):
    """Clips that cannot be had the first `looks` times."""

    looks = 20

    def local(self, name: str) -> AbstractContextManager[Path]:
        """The clip, once the bucket is back."""
        if self.looks:
            self.looks -= 1
            raise MediaAway("s3://gym does not answer")
        return super().local(name)


def test_a_bucket_that_is_away_costs_no_attempt(scene: Scene) -> None:
    event = scene.add_attempt()
    outcomes = scene.worker(media=AwayAtFirst(scene.media)).run(drain=True)
    assert outcomes == Counter({JobOutcome.RELEASED: 20, JobOutcome.DONE: 1})
    assert scene.enrichment(event).attempts == 1


def test_a_server_that_is_away_costs_no_attempt(scene: Scene) -> None:
    event = scene.add_attempt()
    vlm, _ = failing(*[ServerAway("connection refused")] * 20)
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.RELEASED: 20, JobOutcome.DONE: 1})
    assert scene.enrichment(event).attempts == 1


def test_a_server_in_trouble_costs_attempts_but_is_left_alone_meanwhile(scene: Scene) -> None:
    scene.add_attempt()
    began_s = scene.clock.monotonic_s()
    vlm, _ = failing(ServerTrouble("HTTP 503", retry_after_s=600.0))
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.FAILED: 1, JobOutcome.DONE: 1})
    assert scene.clock.monotonic_s() - began_s >= 600


def test_events_that_wait_for_the_server_say_so(scene: Scene) -> None:
    first, second = scene.add_attempt(), scene.add_attempt(1)
    worker = scene.worker(AskedVlm(before=lambda: fail_and_stop(scene)))
    worker.run(drain=False)
    for event in (first, second):
        enrichment = scene.enrichment(event)
        assert (enrichment.status, enrichment.attempts) == (MmStatus.PENDING, 0)
        assert "HTTP 429" in (enrichment.error or "")


def fail_and_stop(scene: Scene) -> None:
    """The server wants to be left alone; the worker is stopped as soon as it waits for that."""
    hold = scene.store.enrichments.note_blocked

    def hold_and_stop(reason: str) -> int:
        scene.stop.set()
        return hold(reason)

    scene.store.enrichments.note_blocked = hold_and_stop  # type: ignore[method-assign]
    raise ServerAway("HTTP 429", retry_after_s=60.0)


@pytest.mark.parametrize(
    ("caps", "done"),
    [(Caps(calls=2), 2), (Caps(tokens=1051), 2), (Caps(tokens=1050), 1), (Caps(cost=0.004), 3)],
    ids=["calls", "tokens", "tokens to the last", "cost"],
)
def test_a_cap_ends_a_drain_and_holds_until_midnight(scene: Scene, caps: Caps, done: int) -> None:
    events = [scene.add_attempt(at_s) for at_s in range(4)]
    with speaking(answers()) as dialect:
        drain = drainer(scene, dialect.url, caps, Prices(1.0, 10.0))
        assert drain() == Counter({JobOutcome.DONE: done})
        assert drain() == Counter()
        assert len(dialect.asked) == done
        waiting = [scene.enrichment(event) for event in events[done:]]
        assert {enrichment.status for enrichment in waiting} == {MmStatus.PENDING}
        assert all("daily cap" in (enrichment.error or "") and not enrichment.attempts for enrichment in waiting)
        scene.clock.advance(day_left_s(scene.clock.now()))
        assert drain()[JobOutcome.DONE] == min(done, 4 - done)
        assert scene.store.calls.spent(scene.clock.now() - timedelta(days=2)).calls == len(dialect.asked)


def drainer(scene: Scene, url: str, caps: Caps, prices: Prices) -> Callable[[], Counter[JobOutcome]]:
    """Drains as a worker that was started anew."""

    def drain() -> Counter[JobOutcome]:
        with closing(ChatServer(url, None, scene.clock, connect_s=30, total_s=30, connections=1)) as server:
            budget = Budget(scene.store, scene.clock, caps, prices)
            vlm = OpenAiVlm(server, MODEL, PROMPTS, budget)
            admission = Admission(scene.clock, random.Random(JITTER_SEED), budget)
            return scene.worker(vlm, admission).run(drain=True)

    return drain
