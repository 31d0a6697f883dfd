"""Leases, locks and endings: what a worker does when others, or the disk, come in its way."""

from collections import Counter
from pathlib import Path

import pytest

from backend_api.contract.verdicts import Enrichment, MmResult, MmStatus
from backend_api.store.enrichments import Claim
from backend_api.store.errors import StoreBusy, StoreFull
from mm_worker.jobs.worker_loop import JobOutcome
from mm_worker.vlm.vlm import VlmError
from tests.backend_api.events import make_result
from tests.mm_worker.models import AskedVlm
from tests.mm_worker.scene import GUARD_S, PACE, RETRY, Scene


def test_a_worker_that_comes_back_late_overwrites_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    event = scene.add_attempt()
    newer = make_result(summary="What the other worker saw.")

    def be_overtaken() -> None:
        scene.clock.advance(PACE.lease_s + 1)
        taken_over = scene.store.enrichments.claim(PACE.lease_s)
        assert taken_over is not None
        assert scene.store.enrichments.finish(taken_over, newer)

    with caplog.at_level("WARNING"):
        assert scene.worker(AskedVlm(be_overtaken)).run(drain=True) == Counter({JobOutcome.LOST: 1})
    assert scene.enrichment(event).result == newer
    assert f"{event.event_id} treadmill_01: the outcome of attempt 1 is dropped" in caplog.text


def test_a_late_failure_overwrites_nothing_either(scene: Scene) -> None:
    event = scene.add_attempt()

    def be_overtaken_and_fail() -> None:
        scene.clock.advance(PACE.lease_s + 1)
        taken_over = scene.store.enrichments.claim(PACE.lease_s)
        assert taken_over is not None
        assert scene.store.enrichments.finish(taken_over, make_result())
        raise VlmError("timed out")

    assert scene.worker(AskedVlm(be_overtaken_and_fail)).run(drain=True) == Counter({JobOutcome.LOST: 1})
    assert scene.enrichment(event).status is MmStatus.DONE


def test_the_heartbeat_keeps_a_claim_beyond_its_lease(tmp_path: Path) -> None:
    scene = Scene(tmp_path, beats=9)
    scene.add_attempt()
    began_s = scene.clock.monotonic_s()

    def take_longer_than_the_lease() -> None:
        assert scene.clock.beaten.wait(GUARD_S)
        assert scene.clock.monotonic_s() - began_s > 2 * PACE.lease_s
        assert scene.store.enrichments.claim(PACE.lease_s) is None

    assert scene.worker(AskedVlm(take_longer_than_the_lease)).run(drain=True) == Counter({JobOutcome.DONE: 1})
    scene.store.close()


@pytest.mark.parametrize("trouble", [StoreBusy("held by a backup"), StoreFull("no space left on device")])
@pytest.mark.parametrize("call", ["claim", "finish_and_claim", "next_due_s"])
def test_a_lock_or_a_full_disk_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, call: str, trouble: Exception
) -> None:
    event = scene.add_attempt()
    works, troubles = getattr(scene.store.enrichments, call), [trouble] * 3

    def troubled(*arguments: object, **named: object) -> object:
        if troubles:
            raise troubles.pop()
        return works(*arguments, **named)

    monkeypatch.setattr(scene.store.enrichments, call, troubled)
    vlm = AskedVlm()
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.DONE: 1})
    assert scene.enrichment(event).status is MmStatus.DONE
    assert len(vlm.questions) == 1
    assert troubles == []


def test_a_renewal_that_a_lock_delays_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path, beats=2)
    scene.add_attempt()

    def busy(claim: Claim, lease_s: float) -> bool:
        raise StoreBusy("held by a backup")

    monkeypatch.setattr(scene.store.enrichments, "renew", busy)

    def outlast_the_renewals() -> None:
        assert scene.clock.beaten.wait(GUARD_S)

    assert scene.worker(AskedVlm(outlast_the_renewals)).run(drain=True) == Counter({JobOutcome.DONE: 1})
    scene.store.close()


def test_nothing_is_claimed_with_the_result_of_the_last_job(scene: Scene) -> None:
    scene.add_attempt()
    waiting = scene.add_attempt(1)
    assert scene.worker(AskedVlm(before=scene.stop.set)).run(drain=False) == Counter({JobOutcome.DONE: 1})
    assert scene.enrichment(waiting) == Enrichment(status=MmStatus.PENDING, attempts=0)


def test_stop_while_the_database_is_locked_leaves_the_event_to_another(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = scene.add_attempt()

    def busy(claim: Claim, result: MmResult, lease_s: float, *, awaits_late: bool) -> tuple[bool, Claim | None]:
        assert awaits_late
        scene.stop.set()
        raise StoreBusy("held by a backup")

    monkeypatch.setattr(scene.store.enrichments, "finish_and_claim", busy)
    assert scene.worker().run(drain=False) == Counter({JobOutcome.LOST: 1})
    assert scene.enrichment(event).status is MmStatus.PROCESSING
    assert scene.store.enrichments.next_due_s() == PACE.lease_s


def test_stop_ends_the_loop_after_the_job_at_hand(scene: Scene) -> None:
    scene.add_attempt(0)
    scene.add_attempt(1)
    assert scene.worker(AskedVlm(before=scene.stop.set)).run(drain=False) == Counter({JobOutcome.DONE: 1})
    assert scene.store.enrichments.next_due_s() == 0


def test_drain_has_nothing_to_wait_for_in_an_empty_database(scene: Scene) -> None:
    assert scene.worker().run(drain=True) == Counter()
    assert scene.clock.waits_s == []


def test_drain_takes_over_what_a_dead_worker_had_claimed(scene: Scene) -> None:
    event = scene.add_attempt()
    assert scene.store.enrichments.claim(PACE.lease_s) is not None
    began_s = scene.clock.monotonic_s()
    assert scene.worker().run(drain=True) == Counter({JobOutcome.DONE: 1})
    assert PACE.lease_s <= scene.clock.monotonic_s() - began_s <= PACE.lease_s + PACE.poll_s
    assert scene.enrichment(event).attempts == 2


@pytest.mark.parametrize("deaths", range(RETRY.max_attempts))
def test_an_event_outlives_workers_that_die(scene: Scene, deaths: int) -> None:
    event = scene.add_attempt()
    die(scene, deaths)
    assert scene.worker().run(drain=True) == Counter({JobOutcome.DONE: 1})
    assert scene.enrichment(event).attempts == deaths + 1


def test_an_event_that_ends_every_worker_is_given_up_and_says_so_until_somebody_asks_again(scene: Scene) -> None:
    event = scene.add_attempt()
    die(scene, RETRY.max_attempts)
    other = scene.add_attempt(1)
    vlm = AskedVlm()
    assert scene.worker(vlm).run(drain=True) == Counter({JobOutcome.DEAD: 1, JobOutcome.DONE: 1})
    assert [question.event for question in vlm.questions] == [other]
    enrichment = scene.enrichment(event)
    assert enrichment.status is MmStatus.DEAD
    assert f"last of {RETRY.max_attempts} attempts: its worker ended" in (enrichment.error or "")
    scene.store.enrichments.retry(event.event_id)
    assert scene.worker().run(drain=True) == Counter({JobOutcome.DONE: 1})


def die(scene: Scene, times: int) -> None:
    """Workers take the event and never come back."""
    for _ in range(times):
        assert scene.store.enrichments.claim(PACE.lease_s) is not None
        scene.clock.advance(PACE.lease_s)


def test_without_drain_it_looks_for_work_again_and_again(scene: Scene) -> None:
    scene.add_attempt()
    assert scene.store.enrichments.claim(PACE.lease_s) is not None
    assert scene.worker(AskedVlm(before=scene.stop.set)).run(drain=False) == Counter({JobOutcome.DONE: 1})
    assert scene.clock.waits_s == [PACE.poll_s] * round(PACE.lease_s / PACE.poll_s)
