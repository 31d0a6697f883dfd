"""The feed by itself: its first reader waits no longer than others, and none waits for a feed that has broken down."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend_api.app import create_app
from backend_api.base import lasting
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from backend_api.web.change_feed import ChangeFeed, FeedFilters
from backend_api.web.media_links import MediaLinks
from tests.backend_api.api import problem
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.test_stream import numbered
from tests.fake_clock import FakeClock
from tests.own_loop import run_alone

pytestmark = pytest.mark.both_databases


def test_what_comes_before_the_feed_begins_to_look_for_its_first_reader_is_told_at_once(tmp_path: Path) -> None:
    async def first_message(store: Store) -> bytes:
        feed = ChangeFeed(store, MediaLinks(MediaFolder.open(tmp_path / "media")))
        messages = feed.messages(0, FeedFilters())
        await anext(messages)
        with pytest.raises(TimeoutError):
            # Long enough for the reader to have asked the database, in vain.
            await asyncio.wait_for(asyncio.shield(following := asyncio.ensure_future(anext(messages))), 0.5)
        store.events.add([numbered(0)])
        looking = asyncio.create_task(feed.run())
        found = await following  # a sign of life, were it not told of the event
        feed.close()
        await looking
        return found

    with closing(fresh_store(tmp_path / "app.db", FakeClock())) as store:
        assert str(numbered(0).event_id).encode() in run_alone(first_message(store))


def test_a_feed_that_breaks_down_lets_its_readers_go_says_so_and_is_there_again_once_it_can(
    store: Store,
    media: MediaFolder,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down() -> None:
        raise ArithmeticError("nobody thought of this")

    monkeypatch.setattr(lasting, "FIRST_PAUSE_S", 0.01)
    mended = store.cameras.log_statuses
    monkeypatch.setattr(store.cameras, "log_statuses", break_down)
    app = create_app(store, media, clock)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        response = client.get("/events/stream")
        while response.status_code == 200:  # who came before it broke down, and was let go
            response = client.get("/events/stream")
        assert "come again" in problem(response, 503).detail
        assert response.headers["retry-after"]
        monkeypatch.setattr(store.cameras, "log_statuses", mended)
        while response.status_code == 503:
            with client.stream("GET", "/events/stream") as response:
                pass
    assert "GET /events/stream does not answer: ArithmeticError: nobody thought of this" in caplog.text
