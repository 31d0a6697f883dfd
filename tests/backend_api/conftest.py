"""What the backend's tests share: a store in a folder of its own, and the API over it."""

import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import FastAPI

from backend_api.app import create_app
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not needed for anything else.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    with closing(fresh_store(tmp_path / "app.db", clock)) as store:
        yield store


@pytest.fixture
def media(tmp_path: Path) -> MediaFolder:
    return MediaFolder.open(tmp_path / "media")


@pytest.fixture
def app(store: Store, media: MediaFolder, clock: FakeClock) -> FastAPI:
    return create_app(store, media, clock)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
