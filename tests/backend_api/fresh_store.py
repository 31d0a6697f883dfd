"""A new database a test: the migrations run once a process, and what they made is copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from backend_api.base.clock import Clock
from backend_api.store.store import Store
from tests.fake_clock import FakeClock


def fresh_store(path: Path, clock: Clock) -> Store:
    """The store at `path`, which is a new one if there is none yet. No other process may be waiting for it."""
    if not path.exists():
        path.write_bytes(_empty_database())
    return Store.open(path, clock, create=True)


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "app.db"
        Store.open(path, FakeClock(), create=True).close()
        # Closing has folded the log into the file: there is nothing beside it.
        assert [found.name for found in Path(folder).iterdir()] == [path.name]
        return path.read_bytes()
