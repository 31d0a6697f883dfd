"""Opening databases: new ones, older ones, newer ones, and those of others."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from backend_api.base.process import REPOSITORY, UsageError
from backend_api.checks.derived import check_derived
from backend_api.contract.cameras import CameraReport, CameraSetup
from backend_api.store.db import migrate
from backend_api.store.db.migrate import HEAD, DatabaseNotReady
from backend_api.store.db.tables import ChangeKind, metadata
from backend_api.store.store import Store
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import make_event
from tests.fake_clock import FakeClock
from tests.postgres import Server

MIGRATIONS = REPOSITORY / "backend_api" / "store" / "db" / "migrations"
LATER = f'''"""What is to come."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("stores", sa.Column("later", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_stores_later", "stores", ["later"])
'''


def reopen(db: Path | str, *, create: bool) -> None:
    Store.open(db, FakeClock(), create=create).close()


def test_a_missing_database_is_made_with_its_folder_and_keeps_its_events(tmp_path: Path) -> None:
    db = tmp_path / "new" / "app.db"
    event = make_event()
    with closing(Store.open(db, FakeClock(), create=True)) as store:
        store.events.add([event])
    for create in (True, False):
        with closing(Store.open(f"sqlite:///{db}", FakeClock(), create=create)) as store:
            row = store.events.find(event.event_id)
            assert row is not None
            assert row.event == event


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    reopen(tmp_path / "app.db", create=True)
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [HEAD]


def test_a_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    """Workers and doctors never migrate: they start sooner without."""
    reopen(tmp_path / "app.db", create=True)
    opens = (
        "import sys; from backend_api.base.clock import SystemClock; from backend_api.store.store import Store; "
        f"Store.open({str(tmp_path / 'app.db')!r}, SystemClock(), create=False).close(); "
        "assert 'sqlalchemy' in sys.modules; assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", opens], cwd=REPOSITORY, check=True, timeout=60)


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    db = tmp_path / "app.db"
    db.touch()
    with pytest.raises(DatabaseNotReady, match="start the backend first"):
        reopen(db, create=False)
    reopen(db, create=True)
    reopen(db, create=False)


def test_a_missing_database_is_not_made_by_the_way(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotReady, match="start the backend first"):
        reopen(tmp_path / "app.db", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path, create: bool) -> None:
    db = tmp_path / "app.db"
    reopen(db, create=True)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UsageError, match=r"newer version .*9999.*update this program"):
        reopen(db, create=create)
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, create: bool) -> None:
    db = tmp_path / "notes.txt"
    text = "Buy paper towels.\n" * 200
    db.write_text(text)
    with pytest.raises(UsageError, match=r"notes\.txt: .*not a database"):
        reopen(db, create=create)
    assert db.read_text() == text


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    db = tmp_path / "other.db"
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("CREATE TABLE members (name TEXT)")
    with pytest.raises(UsageError, match="another program"):
        reopen(db, create=True)
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("members",)]


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unable to open"):
        reopen(tmp_path, create=True)
    with pytest.raises(UsageError, match="start the backend first"):
        reopen(tmp_path, create=False)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="give another --db"):
        reopen(tmp_path / "file" / "app.db", create=True)


def test_later_migrations_are_for_both_databases(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is to come, written with what Alembic has for both."""
    addresses = [postgres.make_database(), str(tmp_path / "app.db")]
    for address in addresses:
        reopen(address, create=True)
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "later.py").write_text(LATER)
    monkeypatch.setattr(migrate, "_MIGRATIONS", folder)
    monkeypatch.setattr(migrate, "HEAD", "9999")
    for address in addresses:
        with pytest.raises(DatabaseNotReady, match="not up to date"):
            reopen(address, create=False)
        reopen(address, create=True)
        with closing(Store.open(address, FakeClock(), create=False)) as store, store.database.read() as connection:
            columns = {column["name"]: column["default"] for column in inspect(connection).get_columns("stores")}
        assert columns["later"] is not None
    postgres.drop(addresses[0])


BEFORE_MACHINES = (
    "DROP TABLE store_days",
    "ALTER TABLE stores DROP COLUMN changed_by",
    *("DROP INDEX ix_sessions_store_outcome", "DROP INDEX ix_events_place"),
    "CREATE INDEX ix_events_machine ON events (machine_id, ts_ms, seq)",
    *("DROP TABLE machines", "DROP TABLE camera_looks", "ALTER TABLE cameras DROP COLUMN status"),
    "CREATE INDEX ix_changes_camera ON changes (store_id, camera_id, id) WHERE camera_id IS NOT NULL",
    "UPDATE alembic_version SET version_num = '0018'",
)


def test_machines_and_statuses_are_filled_from_what_is_stored_on_both_databases(
    postgres: Server, tmp_path: Path
) -> None:
    machine = {"machine_id": "rower", "name": "Rower", "zone": [[0, 0], [1, 0], [1, 1]]}
    setup = CameraSetup.model_validate({"store_id": "gym_demo", "machines": [machine], "config": None})
    for address in (postgres.make_database(), str(tmp_path / "app.db")):
        with closing(Store.open(address, FakeClock(), create=True)) as store:
            store.events.add([make_event(at_s=at_s, session_id=UUID(int=at_s)) for at_s in (1, 3, 2)])
            store.setups.keep("cam_01", setup)
            store.cameras.report("cam_01", CameraReport.model_validate(REPORT))
            store.cameras.log_statuses()
            with store.database.write() as transaction:
                for statement in BEFORE_MACHINES:
                    transaction.driver.execute(statement)
        with closing(Store.open(address, FakeClock(), create=True)) as store:
            assert list(check_derived(store.database)) == []
            with store.database.read() as connection:
                assert connection.exec_driver_sql("SELECT status FROM cameras").scalars().all() == ["up"]
                assert connection.exec_driver_sql("SELECT count(*) FROM machines").scalar() == 2
            store.cameras.log_statuses()
            assert [change.kind for change in store.changes.read(0, 10)].count(ChangeKind.CAMERA) == 1
        if address.startswith("postgresql"):
            postgres.drop(address)


def test_a_server_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "backend_api.store.db.postgres_engine", raising=False)
    with pytest.raises(UsageError, match=r"pip install -r requirements-chain\.txt") as raised:
        reopen("postgresql://ann:s3cret@127.0.0.1:1/gym", create=True)
    assert "s3cret" not in str(raised.value)
