"""A log is applied where it belongs, however its process died, and refused beside any other file."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.store.db.copying import copy_database
from backend_api.store.db.stale_log import check_log, companions

PAGES_IN_LOG = 8


@contextmanager
def written(path: Path) -> Iterator[sqlite3.Connection]:
    """A database with a log, which is folded in at every few pages, as it is while somebody has it open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_IN_LOG}")
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name BLOB)")
        connection.execute("CREATE INDEX names ON things (name)")
        yield connection


def write(connection: sqlite3.Connection, rows: int = 1) -> None:
    for _ in range(rows):
        connection.execute("INSERT INTO things (name) VALUES (randomblob(1500))")


def as_after_a_kill(path: Path, target: Path) -> Path:
    """What a process that dies now leaves, in the folder `target`: the file first, which may be the older one."""
    target.mkdir()
    for one in (path, companions(path)[0]):
        shutil.copy2(one, target / one.name)
    return target / path.name


def touch(path: Path) -> None:
    """Make the file newer than its log, as putting another in its place does."""
    path.chmod(0o600)


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_what_a_killed_process_leaves_is_taken_at_every_step(tmp_path: Path) -> None:
    with written(tmp_path / "app.db") as connection:
        for step in range(40):
            write(connection)
            left = as_after_a_kill(tmp_path / "app.db", tmp_path / str(step))
            check_log(left)
            touch(left)  # somebody changes its owner, before it is started again
            check_log(left)
            with closing(sqlite3.connect(left)) as again:
                assert again.execute("SELECT count(*) FROM things").fetchone() == (step + 1,)


def test_a_log_that_is_in_the_file_already_is_no_reason_to_examine_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with written(tmp_path / "app.db") as connection:
        write(connection, 3)
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        left = as_after_a_kill(tmp_path / "app.db", tmp_path / "left")
        touch(left)
        monkeypatch.setattr("backend_api.store.db.stale_log._is_sound", lambda _path: pytest.fail("all of it was read"))
        check_log(left)


def test_a_database_that_others_have_open_is_taken(tmp_path: Path) -> None:
    with written(tmp_path / "app.db") as connection:
        write(connection, 3)
        check_log(tmp_path / "app.db")
        touch(tmp_path / "app.db")
        check_log(tmp_path / "app.db")


@pytest.mark.parametrize("is_plain", [True, False], ids=["plain copy", "copy of ours"])
@pytest.mark.parametrize("is_moved", [True, False], ids=["renamed", "written over"])
def test_a_copy_in_the_place_of_a_killed_database_is_refused_and_left_alone(
    tmp_path: Path, is_plain: bool, is_moved: bool
) -> None:
    db = tmp_path / "app.db"
    with written(db) as connection:
        write(connection, 20)
        copy_database(db, tmp_path / "ours", Disk())
        with closing(sqlite3.connect(tmp_path / "plain")) as plain:
            connection.backup(plain)
        write(connection, 200)
        left = as_after_a_kill(db, tmp_path / "left")
    copy = tmp_path / ("plain" if is_plain else "ours")
    if is_moved:
        copy.replace(left)
    else:
        left.write_bytes(copy.read_bytes())
    before = state(left.parent)
    with pytest.raises(UsageError, match=r"app.db-wal does not belong to .*move .*app.db-wal and .*app.db-shm away"):
        check_log(left)
    assert state(left.parent) == before
    companions(left)[0].unlink()
    check_log(left)
    with closing(sqlite3.connect(left)) as again:
        assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_of_ours_is_refused_even_where_the_log_holds_all_that_came_since(tmp_path: Path) -> None:
    """It would damage nothing, and undo the restoring without a word."""
    with written(tmp_path / "app.db") as connection:
        connection.execute("PRAGMA wal_autocheckpoint=100000")
        write(connection, 5)
        copy_database(tmp_path / "app.db", tmp_path / "ours", Disk())
        write(connection, 5)
        left = as_after_a_kill(tmp_path / "app.db", tmp_path / "left")
    os.replace(tmp_path / "ours", left)  # noqa: PTH105
    with pytest.raises(UsageError, match="does not belong"):
        check_log(left)


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_log_without_its_database_is_refused(tmp_path: Path, is_empty: bool) -> None:
    """SQLite would remove it, with the newest events."""
    with written(tmp_path / "app.db") as connection:
        write(connection, 3)
        left = as_after_a_kill(tmp_path / "app.db", tmp_path / "left")
    left.unlink()
    if is_empty:
        left.touch()
    with pytest.raises(UsageError, match="without its database"):
        check_log(left)
    assert companions(left)[0].exists()


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"x" * 5000, bytes(5000)])
def test_a_log_of_which_nothing_can_be_read_is_harmless(tmp_path: Path, content: bytes) -> None:
    with written(tmp_path / "app.db") as connection:
        write(connection, 3)
    companions(tmp_path / "app.db")[0].write_bytes(content)
    touch(tmp_path / "app.db")
    check_log(tmp_path / "app.db")
    with closing(sqlite3.connect(tmp_path / "app.db")) as again:
        assert again.execute("SELECT count(*) FROM things").fetchone() == (3,)
