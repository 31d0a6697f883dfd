"""Clips that are promised, and files that nobody promised."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.checks.folder import ASIDE
from backend_api.contract.events import EventType
from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import ORPHAN_AGE_S, Scene
from tests.fake_clock import FakeClock

OLD_S, YOUNG_S = ORPHAN_AGE_S + 1, ORPHAN_AGE_S - 1
NOBODY = UUID(int=77)


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def test_a_missing_clip_is_named_with_its_event_and_where_it_belongs(scene: Scene) -> None:
    event, path = scene.add_with_clip()
    path.unlink()
    for fix in (False, True):
        [line] = scene.examine(fix=fix).findings
        assert line.startswith(f"missing clip: {event.event_id}: ")
        assert f"restore {path} from a backup" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "has 0 bytes, the event promises 15"), (b"moving pictureX", "has the SHA-256"), (b"x" * 16, "has 16 bytes")],
)
def test_a_clip_that_is_not_the_promised_one_is_told_and_left(scene: Scene, content: bytes, said: str) -> None:
    event, path = scene.add_with_clip(b"moving pictures")
    path.write_bytes(content)
    report = scene.examine(fix=True)
    [line] = report.findings
    assert report.code == 1
    assert line.startswith(f"different clip: {event.event_id}: ")
    assert said in line
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_a_clip_is_no_clip(scene: Scene) -> None:
    _, path = scene.add_with_clip()
    path.unlink()
    path.mkdir()
    [line] = scene.examine(fix=True).findings
    assert line.startswith("missing clip: ")
    assert path.is_dir()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (clip_name(NOBODY), "orphaned file"),
        (thumbnail_name(NOBODY), "orphaned file"),
        (frame_name(NOBODY, 1), "orphaned file"),
        (frame_name(NOBODY, MAX_SHOWN_FRAMES), "orphaned file"),
        (f"{clip_name(NOBODY)}.tmp", "temporary file"),
        (".writable-abc", "temporary file"),
    ],
)
def test_a_file_without_an_event_is_moved_aside_when_it_is_old(scene: Scene, name: str, kind: str) -> None:
    path = scene.put(name, b"kept", age_s=YOUNG_S)
    young = scene.examine(fix=True)
    assert young.code == 0
    assert young.findings[0].startswith(f"note: {kind}: {name}: ")
    assert path.exists()

    scene.put(name, b"kept", age_s=OLD_S)
    seen, fixed = scene.examine(), scene.examine(fix=True)
    assert (seen.code, fixed.code) == (1, 0)
    assert seen.findings[0].startswith(f"{kind}: {name}: ")
    assert fixed.findings[0].endswith("; fixed")
    assert scene.files() == {f"{ASIDE}/{name}": b"kept"}
    assert scene.examine(fix=True).lines == scene.examine().lines == scene.examine().lines[-1:]


def test_a_clip_whose_event_promises_none_is_an_orphan_but_its_thumbnail_is_not(scene: Scene) -> None:
    event = scene.add(EventType.MACHINE_OCCUPIED_START, clip_error="no space left on device")
    scene.put(clip_name(event.event_id), age_s=OLD_S)
    scene.put(thumbnail_name(event.event_id), age_s=OLD_S)
    scene.put(frame_name(event.event_id, 3), age_s=OLD_S)
    [line] = scene.examine(fix=True).findings
    assert line.startswith(f"orphaned file: {clip_name(event.event_id)}: ")


def test_a_clip_that_was_moved_aside_comes_back_with_its_event(scene: Scene) -> None:
    event, path = scene.add_with_clip()
    thumbnail = scene.put(thumbnail_name(event.event_id), age_s=OLD_S)
    os.utime(path, (0, 0))
    before = scene.files()
    tables = ("events", "sessions", "machines", "changes")
    for table in tables:
        scene.sql(f"CREATE TABLE later_{table} AS SELECT * FROM {table}")  # noqa: S608
        scene.sql(f"DELETE FROM {table}")  # noqa: S608
    assert scene.examine(fix=True).code == 0
    assert not path.exists()
    assert not thumbnail.exists()
    for table in tables:
        scene.sql(f"INSERT INTO {table} SELECT * FROM later_{table}")  # noqa: S608

    seen, fixed = scene.examine(), scene.examine(fix=True)
    assert seen.code == 1
    assert all(line.startswith("file set aside too early: ") for line in seen.findings)
    assert fixed.code == 0
    assert scene.files() == before
    assert scene.examine().findings == []


def test_a_file_that_was_moved_aside_before_is_not_overwritten(scene: Scene) -> None:
    name = clip_name(NOBODY)
    scene.put(name, b"first", age_s=OLD_S)
    scene.examine(fix=True)
    scene.put(name, b"second", age_s=OLD_S)
    report = scene.examine(fix=True)
    assert report.code == 1
    assert "not fixed: " in report.findings[0]
    assert str(scene.media / ASIDE / name) in report.findings[0]
    assert scene.files() == {name: b"second", f"{ASIDE}/{name}": b"first"}


@pytest.mark.parametrize("name", ["notes.txt", "holiday.mp4", clip_name(UUID(int=10**38)).upper(), "{77}.jpg"])
def test_what_bears_no_name_of_ours_is_told_and_left(scene: Scene, name: str) -> None:
    path = scene.put(name, age_s=OLD_S)
    report = scene.examine(fix=True)
    assert report.code == 0
    assert report.findings[0].startswith(f"note: unknown file: {name}: ")
    assert path.exists()


def test_folders_and_links_are_not_looked_at(scene: Scene, tmp_path: Path) -> None:
    (scene.media / clip_name(NOBODY)).mkdir()
    (scene.media / thumbnail_name(NOBODY)).symlink_to(tmp_path / "nowhere")
    assert scene.examine(fix=True).findings == []


def test_a_name_that_is_no_text_is_still_one_line(scene: Scene) -> None:
    name = os.fsdecode(b"two\nlines\xff.txt")
    scene.put(name)
    assert scene.examine().findings == [
        r"note: unknown file: two lines\udcff.txt: not the name of a clip, thumbnail or frame; left alone"
    ]
