"""Copies of a database: of one moment while others write, and one kept from before each migration."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.store.db import copying
from backend_api.store.db.copying import copy_database, find_damage
from backend_api.store.db.errors import StoreFull
from backend_api.store.store import Store
from tests.backend_api.store.db.test_migrations import EVENT, make_database_0001
from tests.fake_clock import FakeClock


def test_a_copy_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    db, stop = tmp_path / "app.db", threading.Event()
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE pairs (a, b)")

    def write() -> None:
        with closing(sqlite3.connect(db, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO pairs VALUES (?, randomblob(3000))", (number,))
                connection.execute("UPDATE pairs SET b = ? WHERE a = 1", (number,))
                connection.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            copy = tmp_path / f"copy{number}"
            copy_database(db, copy, Disk())
            with closing(sqlite3.connect(copy)) as connection:
                rows, newest = connection.execute(
                    "SELECT count(*), (SELECT b FROM pairs WHERE a = 1) FROM pairs"
                ).fetchone()
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
            assert rows == (newest or 0)
    finally:
        stop.set()
        writer.join()
    assert {path.name.rstrip("0123456789") for path in tmp_path.iterdir()} <= {
        "app.db",
        "app.db-wal",
        "app.db-shm",
        "copy",
    }


def test_a_migration_keeps_the_database_as_it_was_until_the_next(tmp_path: Path) -> None:
    db, older = tmp_path / "app.db", tmp_path / "app.db.before-0000"
    make_database_0001(db)
    older.write_text("of the migration before")
    with closing(Store.open(db, FakeClock(), create=True)) as store:
        assert store.events.find(EVENT.event_id) is not None
    [kept] = tmp_path.glob("app.db.before-*")
    assert kept != older
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)
    # Put back, it can be migrated again.
    kept.replace(db)
    with closing(Store.open(db, FakeClock(), create=True)) as store:
        assert store.events.find(EVENT.event_id) is not None


def test_a_new_database_and_a_current_one_make_no_copy(tmp_path: Path) -> None:
    for _ in range(2):
        Store.open(tmp_path / "app.db", FakeClock(), create=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["app.db"]


def test_without_room_for_the_copy_nothing_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise StoreFull("the database cannot be written: no space left")

    make_database_0001(tmp_path / "app.db")
    before = (tmp_path / "app.db").read_bytes()
    monkeypatch.setattr(copying, "copy_database", fail)
    with pytest.raises(UsageError, match=r"MB are needed beside it.*make room, then start again"):
        Store.open(tmp_path / "app.db", FakeClock(), create=True)
    assert (tmp_path / "app.db").read_bytes() == before


def test_damage_is_found(tmp_path: Path) -> None:
    db = tmp_path / "app.db"
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE b (a REFERENCES a (id))")
        connection.executemany("INSERT INTO a VALUES (?)", [(number,) for number in range(2000)])
    assert find_damage(db) is None
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("INSERT INTO b VALUES (-1)")
    assert find_damage(db) == "a row of b names one of a that is not there"
    content = bytearray(db.read_bytes())
    content[4096 * 4 : 4096 * 5] = bytes(4096)
    db.write_bytes(content)
    assert find_damage(db) is not None
    db.write_bytes(b"no database" * 1000)
    assert "not a database" in (find_damage(db) or "")
