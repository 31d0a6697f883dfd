"""Enrichments that nobody works on, and what becomes of a worker that comes back late."""

from pathlib import Path

import pytest

from backend_api.base.instants import to_ms
from backend_api.checks.enrichments import check_enrichments
from backend_api.contract.events import EventType
from backend_api.contract.verdicts import MmStatus
from backend_api.media.folder import MediaFolder
from backend_api.store.db.sqlite_engine import SqliteDatabase
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.events import make_result
from tests.fake_clock import FakeClock

LEASE_S = 30.0


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def test_a_lease_that_runs_is_well(scene: Scene) -> None:
    scene.add_session()
    scene.store.enrichments.claim(LEASE_S)
    scene.clock.advance(LEASE_S - 1)
    assert scene.examine(fix=True).findings == []
    assert scene.states() == [("PROCESSING", 1)]


def test_a_lease_that_ran_out_is_freed_and_its_worker_refused(scene: Scene) -> None:
    attempt = scene.add_session()[-1]
    late = scene.store.enrichments.claim(LEASE_S)
    scene.clock.advance(LEASE_S)
    seen, fixed = scene.examine(), scene.examine(fix=True)
    assert (seen.code, fixed.code) == (1, 0)
    assert seen.findings[0].startswith(f"stale lease: {attempt.event_id}: attempt 1 lost its worker")
    assert scene.states() == [("PENDING", 1)]
    assert scene.examine().findings == []

    assert late is not None
    assert not scene.store.enrichments.finish(late, make_result())
    claim = scene.store.enrichments.claim(LEASE_S)
    assert claim is not None
    assert not scene.store.enrichments.finish(late, make_result())
    assert scene.store.enrichments.finish(claim, make_result())
    assert scene.states() == [("DONE", 2)]


def test_a_lease_from_before_the_clock_was_set_back_is_stale(scene: Scene) -> None:
    scene.add_session()
    scene.store.enrichments.claim(LEASE_S)
    scene.clock.jump_wall_clock(-3600)
    assert scene.examine(fix=True).findings[0].startswith("stale lease: ")
    assert scene.states() == [("PENDING", 1)]
    assert scene.store.enrichments.claim(LEASE_S) is not None


def test_a_worker_that_was_faster_than_the_repair_keeps_its_claim(scene: Scene) -> None:
    scene.add_session()
    scene.store.enrichments.claim(LEASE_S)
    scene.clock.advance(LEASE_S)
    database = SqliteDatabase(scene.db)
    [finding] = check_enrichments(database, to_ms(scene.clock.now()))
    claim = scene.store.enrichments.claim(LEASE_S)
    assert finding.repair is not None
    finding.repair()
    database.close()
    assert claim is not None
    assert scene.store.enrichments.finish(claim, make_result())


def test_an_attempt_that_nobody_asks_about_is_asked_about(scene: Scene) -> None:
    event = scene.add_session()[-1]
    asked = scene.sql("SELECT * FROM enrichments")
    scene.sql("DELETE FROM enrichments")
    seen, fixed = scene.examine(), scene.examine(fix=True)
    assert (seen.code, fixed.code) == (1, 0)
    assert seen.findings[0].startswith(f"missing enrichment: {event.event_id}: ")
    assert scene.sql("SELECT * FROM enrichments") == asked
    assert scene.examine().findings == []
    claim = scene.store.enrichments.claim(LEASE_S)
    assert claim is not None
    assert claim.event == event


def test_only_attempts_need_a_verdict(scene: Scene) -> None:
    scene.add(EventType.MACHINE_OCCUPIED_START)
    assert scene.examine(fix=True).findings == []
    assert scene.states() == []


def test_what_was_given_up_is_told_with_its_reason_and_the_way_to_try_again(scene: Scene) -> None:
    event = scene.add_session()[-1]
    claim = scene.store.enrichments.claim(LEASE_S)
    assert claim is not None
    scene.store.enrichments.fail(claim, "the model\nis away", None)
    report = scene.examine(fix=True)
    assert report.code == 0
    [line] = report.findings
    assert line.startswith(f"note: dead enrichment: {event.event_id}: given up after attempt 1: the model is away")
    assert f"POST /events/{event.event_id}/retry" in line
    assert scene.states() == [(MmStatus.DEAD, 1)]
    assert report.lines[-1] == f"nothing is wrong with {scene.db} and {scene.media}, 1 note"
