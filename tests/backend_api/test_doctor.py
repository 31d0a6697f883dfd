"""The doctor as a whole: what it leaves alone, what it says, and that it sees everything, however much there is."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.base.process import FatalError, UsageError
from backend_api.checks import folder, sweep
from backend_api.checks.finding import Kind
from backend_api.contract.events import EventType
from backend_api.contract.media import clip_name, thumbnail_name
from backend_api.contract.queries import DaysQuery
from backend_api.media.folder import MediaFolder
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import ORPHAN_AGE_S, SESSION_AGE_S, Scene
from tests.backend_api.events import START
from tests.fake_clock import FakeClock


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def damage(scene: Scene) -> None:
    """One of everything that is wrong, and one of everything that is only told."""
    for number in range(3):
        scene.add_session(10 * number, machine_id=f"machine_{number}")
    scene.store.enrichments.claim(5.0)
    dying = scene.store.enrichments.claim(5.0)
    assert dying is not None
    scene.store.enrichments.fail(dying, "the model\nis away", None)
    scene.sql("DELETE FROM enrichments WHERE ts_ms = (SELECT max(ts_ms) FROM enrichments)")
    assert scene.states() == [("PROCESSING", 1), ("DEAD", 1)]
    scene.add(EventType.MACHINE_OCCUPIED_START, 30, machine_id="unended")
    windowless = scene.add(EventType.MACHINE_OCCUPIED_START, 40, machine_id="windowless")
    scene.add(EventType.MACHINE_OCCUPIED_END, 41, start=windowless, machine_id="windowless")
    scene.add(EventType.CLEANING_WINDOW_OPEN, 50, machine_id="startless")
    scene.sql("UPDATE sessions SET started_ms = 0 WHERE machine_id = 'windowless'")
    scene.sql("UPDATE machines SET last_seq = NULL WHERE machine_id = 'unended'")
    scene.sql("UPDATE enrichments SET verdict = 'cleaned' WHERE status = 'DEAD'")
    scene.sql("DELETE FROM changes WHERE seq = (SELECT max(seq) FROM events)")
    scene.add(EventType.MACHINE_OCCUPIED_START, ts=START.replace(year=2099), machine_id="absurd")
    hidden = scene.add(EventType.CLEANING_ATTEMPT, 60, machine_id="hidden")
    scene.store.hidden_events.hide(hidden.event_id, "wrong", "ann")
    scene.clock.advance(SESSION_AGE_S + 1)
    scene.add_with_clip(at_s=1000)[1].unlink()
    scene.add_with_clip(at_s=1001)[1].write_bytes(b"else")
    path = scene.add_with_clip(at_s=1002)[1]
    (scene.media / folder.ASIDE).mkdir()
    path.rename(scene.media / folder.ASIDE / path.name)
    scene.put(clip_name(UUID(int=1)), age_s=ORPHAN_AGE_S + 1)
    scene.put(clip_name(UUID(int=2)), age_s=ORPHAN_AGE_S - 1)
    scene.put(clip_name(UUID(int=3)) + ".tmp", age_s=ORPHAN_AGE_S + 1)
    scene.put("notes.txt", age_s=ORPHAN_AGE_S + 1)
    kept = scene.add(EventType.MACHINE_OCCUPIED_START, 70, store_id="another")
    scene.add(EventType.MACHINE_OCCUPIED_END, 71, start=kept, store_id="another")
    scene.add(EventType.CLEANING_WINDOW_OPEN, 71, start=kept, store_id="another")
    yesterday = START.date() - timedelta(days=1)
    Reports(scene.store).days(DaysQuery(store_id="another", first_day=yesterday, last_day=yesterday))
    scene.sql("UPDATE store_days SET figures = replace(figures, ':0,', ':1,')")


def kinds(lines: list[str]) -> list[str]:
    return sorted(line.removeprefix("note: ").split(":")[0] for line in lines)


def test_a_sound_house_is_one_line(scene: Scene) -> None:
    scene.add_session()
    event, _ = scene.add_with_clip(at_s=10)
    scene.put(thumbnail_name(event.event_id), age_s=2 * ORPHAN_AGE_S)
    report = scene.examine()
    assert report.code == 0
    assert report.lines == [f"nothing is wrong with {scene.db} and {scene.media}"]


def test_a_reference_that_leads_nowhere_and_an_index_that_lacks_a_row_are_found_first(scene: Scene) -> None:
    scene.add_session()
    scene.sql("INSERT INTO removed_media VALUES (999, 0, 'lost')")
    report = scene.examine()
    assert report.code == 1
    assert report.findings[0].startswith("damaged database: app.db: row 999 of removed_media names a row of events")
    assert "restore a backup" in report.findings[0]
    scene.store.close()
    with closing(sqlite3.connect(scene.db)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'ts_ms', 'seq') WHERE name = 'ix_events_ts'")
    assert scene.examine().findings[0].startswith("damaged database: app.db: row ")


def test_an_empty_house_is_sound(scene: Scene) -> None:
    assert scene.examine().code == 0


def test_everything_is_found_and_nothing_touched_without_fix(scene: Scene) -> None:
    damage(scene)
    before = (scene.sql("SELECT * FROM enrichments"), scene.stored_events(), scene.files())
    report = scene.examine()
    assert report.code == 1
    assert set(kinds(report.findings)) == set(Kind) - {Kind.DAMAGED_DATABASE}
    assert report.lines[-1].startswith("17 wrong, 0 fixed, 17 left, 5 notes in ")
    assert (scene.sql("SELECT * FROM enrichments"), scene.stored_events(), scene.files()) == before
    assert scene.examine() == report


def test_fix_repairs_what_can_be_once_and_touches_no_event_and_no_byte_of_a_file(scene: Scene) -> None:
    damage(scene)
    events, contents = scene.stored_events(), sorted(scene.files().values())
    first = scene.examine(fix=True)
    assert first.code == 1
    assert first.lines[-1].startswith("17 wrong, 10 fixed, 7 left, 5 notes in ")
    second = scene.examine(fix=True)
    assert kinds([line for line in second.findings if not line.startswith("note: ")]) == sorted(
        [
            Kind.MISSING_CLIP,
            Kind.DIFFERENT_CLIP,
            Kind.UNENDED_SESSION,
            Kind.UNENDED_SESSION,
            Kind.WINDOWLESS_SESSION,
            Kind.STARTLESS_SESSION,
            Kind.IMPOSSIBLE_TIME,
        ]
    )
    assert second.lines[-1].startswith("7 wrong, 0 fixed, 7 left, 5 notes in ")
    assert scene.stored_events() == events
    assert sorted(scene.files().values()) == contents
    assert scene.examine() == second


def test_what_is_all_repaired_is_well(scene: Scene) -> None:
    scene.put(clip_name(UUID(int=1)), age_s=ORPHAN_AGE_S + 1)
    assert scene.examine().code == 1
    assert scene.examine(fix=True).code == 0
    assert scene.examine().code == 0


def test_it_passes_over_everything_in_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(scene)
    whole = sorted(scene.examine().findings)
    monkeypatch.setattr(sweep, "WINDOW_ROWS", 2)
    monkeypatch.setattr(folder, "_FILES_A_QUERY", 2)
    assert sorted(scene.examine().findings) == whole


def test_a_database_that_nobody_has_open_is_not_changed(scene: Scene) -> None:
    damage(scene)
    scene.store.close()
    before = scene.db.read_bytes()
    assert scene.examine().code == 1
    assert scene.db.read_bytes() == before
    assert sorted(path.name for path in scene.db.parent.iterdir()) == ["app.db", "media"]


def test_a_missing_database_is_not_made(scene: Scene, tmp_path: Path) -> None:
    missing = Scene(tmp_path / "no.db", scene.media, scene.store, scene.clock)
    with pytest.raises(UsageError, match=r"no\.db"):
        missing.examine(fix=True)
    assert not missing.db.exists()


def test_a_database_that_is_not_up_to_date_is_not_migrated(scene: Scene, tmp_path: Path) -> None:
    old = Scene(tmp_path / "old.db", scene.media, scene.store, scene.clock)
    old.db.touch()
    with pytest.raises(UsageError, match="start the backend first"):
        old.examine(fix=True)
    assert old.db.read_bytes() == b""


def test_a_missing_media_folder_is_not_made(scene: Scene, tmp_path: Path) -> None:
    missing = Scene(scene.db, tmp_path / "nowhere", scene.store, scene.clock)
    with pytest.raises(UsageError, match="--media-dir"):
        missing.examine(fix=True)
    assert not missing.media.exists()


def test_a_database_that_stays_locked_can_be_looked_at_but_not_repaired(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_api.store.db.sqlite_engine.BUSY_TIMEOUT_MS", 1)
    scene.add(EventType.CLEANING_ATTEMPT)
    scene.sql("DELETE FROM enrichments")
    with closing(sqlite3.connect(scene.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert scene.examine().code == 1
        with pytest.raises(FatalError, match=r"lock.*run the doctor again"):
            scene.examine(fix=True)
