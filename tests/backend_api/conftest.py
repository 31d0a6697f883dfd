"""What the backend's tests share: a store in a folder of its own, and the API over it."""

import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI

from backend_api.app import create_app
from backend_api.media.bucket import MediaBucket
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.folder import MediaFolder
from backend_api.media.place import open_media
from backend_api.store.db.database import Database
from backend_api.store.db.migrate import open_database
from backend_api.store.store import Store
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock
from tests.postgres import Server
from tests.seaweed import BUCKET, BucketServer

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not needed for anything else.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the tests that are marked so have a store of each kind."""
    marked = metafunc.definition.get_closest_marker
    if "store" in metafunc.fixturenames and marked("both_databases") and not marked("sqlite_alone"):
        metafunc.parametrize("store", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="session")
def postgres_url(postgres: Server) -> str:
    """A database for all tests of this process, one after the other."""
    return postgres.make_database()


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """The connections to it, which are kept between tests."""
    with closing(open_database(postgres_url, FakeClock(), create=False)) as database:
        yield database


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    """On SQLite; also on PostgreSQL where the test is marked with both_databases."""
    if getattr(request, "param", "sqlite") == "sqlite":
        with closing(fresh_store(tmp_path / "app.db", clock)) as store:
            yield store
    else:
        yield Store(request.getfixturevalue("postgres_database"), clock)
        request.getfixturevalue("postgres").clear(request.getfixturevalue("postgres_url"))


@pytest.fixture
def media(tmp_path: Path) -> MediaFolder:
    return MediaFolder.open(tmp_path / "media")


@pytest.fixture
def bucket(store: Store, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> MediaBucket:
    """A bucket of this test alone, on a real server."""
    for name, value in bucket_server.environment.items():
        monkeypatch.setenv(name, value)
    bucket = open_media(BucketAddress(BUCKET, uuid4().hex), store.database)
    assert isinstance(bucket, MediaBucket)
    return bucket


@pytest.fixture
def app(store: Store, media: MediaFolder, clock: FakeClock) -> FastAPI:
    return create_app(store, media, clock)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One backend for all requests of a module that are refused and leave nothing behind."""
    folder, clock = tmp_path_factory.mktemp("untouched"), FakeClock()
    with closing(fresh_store(folder / "app.db", clock)) as store:
        app = create_app(store, MediaFolder.open(folder / "media"), clock)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
