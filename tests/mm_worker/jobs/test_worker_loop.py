"""What a worker makes of an event, on a real store: a verdict, or a failure with its reason, never a guess."""

import random
from collections import Counter
from hashlib import sha256

import pytest

from backend_api.contract.events import Event
from backend_api.contract.media import clip_name, frame_name
from backend_api.contract.verdicts import Enrichment, MmResult, MmStatus, Verdict
from backend_api.store.db.errors import StoreBroken
from mm_worker.jobs.worker_loop import JobOutcome
from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import VlmError
from tests.mm_worker.clips import draw_clip
from tests.mm_worker.models import AskedVlm, FailingVlm
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import JITTER_SEED, RETRY, Scene


def frame_file(scene: Scene, event: Event, number: int) -> bytes:
    return (scene.media / frame_name(event.event_id, number)).read_bytes()


def test_the_verdict_and_what_it_rests_on_are_stored(scene: Scene) -> None:
    event = scene.add_attempt()
    vlm = AskedVlm(before=lambda: scene.clock.advance(1.5))
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.DONE: 1})
    expected = MockVlm(123).judge(make_question())
    times_s = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    shown = vlm.questions[0].pictures
    assert [frame_file(scene, event, number) for number in range(1, 9)] == [picture.jpeg for picture in shown]
    hashes = tuple(sha256(picture.jpeg).hexdigest() for picture in shown)
    result = MmResult(
        **expected.model_dump(), frame_times_s=times_s, frame_sha256s=hashes, latency_ms=1500.0, attempt=1
    )
    assert scene.enrichment(event) == Enrichment(status=MmStatus.DONE, attempts=1, result=result)
    assert [question.event for question in vlm.questions] == [event]


def test_an_event_without_a_clip_is_given_up_at_once_with_the_reason(scene: Scene) -> None:
    event = scene.add_attempt(clip=None, clip_error="no space left on the disk")
    vlm = AskedVlm()
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.DEAD: 1})
    reason = "the event has no clip: no space left on the disk"
    assert scene.enrichment(event) == Enrichment(status=MmStatus.DEAD, attempts=1, error=reason)
    assert vlm.questions == []


def test_a_missing_clip_is_tried_again_and_then_given_up_never_judged(scene: Scene) -> None:
    event = scene.add_attempt()
    (scene.media / clip_name(event.event_id)).unlink()
    vlm = AskedVlm()
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.FAILED: 2, JobOutcome.DEAD: 1})
    enrichment = scene.enrichment(event)
    assert (enrichment.status, enrichment.attempts, enrichment.result) == (MmStatus.DEAD, RETRY.max_attempts, None)
    assert "is missing" in (enrichment.error or "")
    assert vlm.questions == []


def test_a_clip_that_does_not_match_its_event_is_never_judged(scene: Scene) -> None:
    event = scene.add_attempt()
    (scene.media / clip_name(event.event_id)).write_bytes(b"not the clip that was promised")
    vlm = AskedVlm()
    scene.worker(vlm).run(drain=True)
    assert scene.enrichment(event).status is MmStatus.DEAD
    assert "its event promises" in (scene.enrichment(event).error or "")
    assert vlm.questions == []


def test_a_clip_that_comes_late_is_judged_by_a_later_attempt(scene: Scene) -> None:
    event = scene.add_attempt()
    clip = scene.media / clip_name(event.event_id)
    on_its_way = clip.rename(clip.with_suffix(".tmp"))
    other = scene.add_attempt(1)

    def come() -> None:
        if not clip.exists():
            on_its_way.rename(clip)

    vlm = AskedVlm(before=come)
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.FAILED: 1, JobOutcome.DONE: 2})
    assert scene.enrichment(event).attempts == 2
    assert scene.enrichment(event).error is None
    assert scene.enrichment(other).attempts == 1


def test_a_model_that_fails_is_asked_again_after_the_backoff(scene: Scene) -> None:
    event = scene.add_attempt()
    vlm = FailingVlm(failures=2)
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.FAILED: 2, JobOutcome.DONE: 1})
    assert scene.enrichment(event).status is MmStatus.DONE
    assert scene.enrichment(event).attempts == 3


def test_the_policy_says_how_long_a_failure_waits(scene: Scene) -> None:
    scene.add_attempt()

    def stop_and_fail() -> None:
        scene.stop.set()
        raise VlmError("the model is not loaded")

    scene.worker(AskedVlm(before=stop_and_fail)).run(drain=False)
    delay_s = RETRY.delay_s(1, random.Random(JITTER_SEED))
    assert delay_s is not None
    assert scene.store.enrichments.next_due_s() == pytest.approx(delay_s, abs=0.001)


def test_a_model_that_fails_for_good_leaves_its_reason(scene: Scene) -> None:
    event = scene.add_attempt()
    assert scene.worker(FailingVlm(failures=9)).run(drain=True) == Counter({JobOutcome.FAILED: 2, JobOutcome.DEAD: 1})
    assert scene.enrichment(event) == Enrichment(status=MmStatus.DEAD, attempts=3, error="the model is not loaded")


def test_too_few_frames_are_not_worth_a_question(scene: Scene) -> None:
    short = scene.media / "short.mp4"
    event = scene.add_attempt(clip=draw_clip(short, [0, 100]))
    short.rename(scene.media / clip_name(event.event_id))
    vlm = AskedVlm()
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.DONE: 1})
    result = scene.enrichment(event).result
    assert result is not None
    assert (result.verdict, result.confidence, result.requests) == (Verdict.CANNOT_TELL, 0.0, 0)
    assert "2 readable frames" in result.summary
    assert vlm.questions == []


def test_what_nobody_foresaw_costs_one_event_an_attempt_and_ends_no_worker(scene: Scene) -> None:
    event, other = scene.add_attempt(), scene.add_attempt(at_s=60.0)

    def odd() -> None:
        if vlm.questions[-1].event == event:
            raise ZeroDivisionError("nobody thought of this")

    vlm = AskedVlm(before=odd)
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.FAILED: 2, JobOutcome.DEAD: 1, JobOutcome.DONE: 1})
    assert scene.enrichment(event) == Enrichment(
        status=MmStatus.DEAD,
        attempts=3,
        error="ZeroDivisionError: nobody thought of this (unforeseen; GYM_DEBUG=1 shows where)",
    )
    assert scene.enrichment(other).status is MmStatus.DONE


def test_a_database_that_is_broken_ends_the_worker(scene: Scene) -> None:
    def broken() -> None:
        raise StoreBroken("the database is damaged")

    scene.add_attempt()
    with pytest.raises(StoreBroken):
        scene.worker(AskedVlm(before=broken)).run(drain=True)
