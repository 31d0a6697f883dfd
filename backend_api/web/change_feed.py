"""Changes as they happen, for any number of readers at once.

One look at the database, a few times a second, serves all readers: what it finds is made into text once and kept in a
short memory. A reader is a place in the log and nothing else. One that takes its time finds its place no longer in the
memory and goes on from the database; nothing is queued for it, so it costs the others nothing. Without any reader
nothing is read but the cameras' states, which are logged all the same.
"""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fastapi.sse import format_sse_event
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from backend_api.base.lasting import keep_running_in_loop
from backend_api.contract.events import EventType
from backend_api.contract.values import Name, Value
from backend_api.store.changes import Change
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store
from backend_api.web.event_json import stored_event_json
from backend_api.web.media_links import MediaLinks

log = logging.getLogger(__name__)

# People do not notice a fifth of a second, and a look costs a fraction of a millisecond.
_LOOK_EVERY_S = 0.2
# Proxies close a connection that is silent for a minute.
HEARTBEAT_S = 15.0
_RECONNECT_MS = 2_000
# Bound what is remembered (events are at most 64 KiB, and about one as a rule), and what a late reader reads at once.
# After a minute of looks it is forgotten: addresses of media in it expire.
_REMEMBERED = 500
_REMEMBERED_LOOKS = 300
_AT_ONCE = 200
_PIECE_BYTES = 64 * 1024


class FeedFilters(Value):
    """Which changes; filters that are left out let everything through.

    A camera's state belongs to no machine and is of no event type, so filters for those leave it out.
    """

    store_id: Name | None = None
    camera_id: Name | None = None
    machine_id: Name | None = None
    event_type: list[EventType] = Field(default=[], description="May be given several times: any of these.")

    def let_through(self, change: Change) -> bool:
        """Whether `change` is wanted."""
        return (
            self.store_id in (None, change.store_id)
            and self.camera_id in (None, change.camera_id)
            and self.machine_id in (None, change.machine_id)
            and (not self.event_type or change.event_type in self.event_type)
        )


@dataclass(frozen=True, slots=True)
class _News:
    change: Change
    message: bytes
    look: int


class ChangeFeed:
    """Lives in one event loop; `run` looks for what is new until `close`."""

    def __init__(self, store: Store, links: MediaLinks) -> None:
        self._store = store
        self._links = links
        self._memory: deque[_News] = deque()
        self._readers = 0
        self._newest = 0
        self._looks = 0
        # Everything behind this id that has been found is in the memory.
        self._remembers_after: int | None = None
        self._found = asyncio.Event()
        self._closed = asyncio.Event()
        self._is_down = False

    @property
    def has_ended(self) -> bool:
        """Whether readers would wait in vain: they are to come again."""
        return self._is_down or self._closed.is_set()

    async def run(self) -> None:
        """Find what is new until `close`. While the database does not answer, readers wait.

        What goes wrong unforeseen lets the readers go, until a look has gone well again.
        """
        try:
            await keep_running_in_loop(
                self._look_until_closed, "GET /events/stream does not answer", self._closed, self._let_readers_go
            )
        finally:
            self.close()

    def _let_readers_go(self, _why: str) -> None:
        self._is_down = True
        self._wake_readers()

    async def _look_until_closed(self) -> None:
        trouble = ""
        while not self._closed.is_set():
            try:
                is_more_there = await self._look()
                self._is_down = False
                trouble = ""
            except (StoreBusy, StoreFull, StoreBroken) as error:
                is_more_there = False
                if str(error) != trouble:
                    log.warning("readers of /events/stream wait: %s", error)
                trouble = str(error)
            if not is_more_there:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), _LOOK_EVERY_S)

    def close(self) -> None:
        """End every reader's messages, and `run`."""
        self._closed.set()
        self._wake_readers()

    async def messages(self, after: int, filters: FeedFilters) -> AsyncIterator[bytes]:
        """The changes behind the id `after` that `filters` lets through, as server-sent events, until `close`.

        Ends early, for the reader to come again, when the database does not answer.
        """
        self._readers += 1
        try:
            yield format_sse_event(id=str(after), retry=_RECONNECT_MS)
            while not self.has_ended:
                # Taken before looking, so that nothing comes in between unnoticed.
                found = self._found
                try:
                    news = await self._behind(after)
                except (StoreBusy, StoreFull, StoreBroken):
                    return
                if news:
                    after = news[-1].change.id
                    wanted = [item.message for item in news if filters.let_through(item.change)]
                    # Nothing but text waits for a slow reader, and no more of it than a piece is on its way.
                    del news
                    for piece in _pieces(wanted):
                        yield piece
                    continue
                try:
                    await asyncio.wait_for(found.wait(), HEARTBEAT_S)
                except TimeoutError:
                    # The id moves the place on past what the filters left out.
                    yield format_sse_event(comment="still here", id=str(after))
        finally:
            self._readers -= 1

    async def _behind(self, after: int) -> Sequence[_News]:
        if self._remembers_after is None or after < self._remembers_after:
            return await run_in_threadpool(self._read, after)
        news: deque[_News] = deque()
        for item in reversed(self._memory):
            if item.change.id <= after:
                break
            news.appendleft(item)
        return news

    async def _look(self) -> bool:
        """Put what is new into the memory, if there are readers; whether there is more."""
        if not self._readers:
            self._memory.clear()
            self._remembers_after = None
            await run_in_threadpool(self._store.cameras.log_statuses)
            return False
        if self._remembers_after is None:
            self._newest = await run_in_threadpool(self._store.changes.newest)
            self._remembers_after = self._newest
            # What came since a reader last asked the database, and before this, stands there alone.
            self._wake_readers()
        self._looks += 1
        news = await run_in_threadpool(self._log_cameras_and_read, self._newest)
        self._memory.extend(news)
        while self._memory and (len(self._memory) > _REMEMBERED or self._is_old(self._memory[0])):
            self._remembers_after = self._memory.popleft().change.id
        if news:
            self._newest = news[-1].change.id
            self._wake_readers()
        return len(news) == _AT_ONCE

    def _is_old(self, news: _News) -> bool:
        return news.look < self._looks - _REMEMBERED_LOOKS

    def _wake_readers(self) -> None:
        self._found.set()
        self._found = asyncio.Event()

    def _log_cameras_and_read(self, after: int) -> list[_News]:
        self._store.cameras.log_statuses()
        return self._read(after)

    def _read(self, after: int) -> list[_News]:
        changes = self._store.changes.read(after, _AT_ONCE)
        return [_News(change, _message(change, self._links), self._looks) for change in changes]


def _pieces(messages: Iterable[bytes]) -> Iterator[bytes]:
    """`messages` put together into pieces of about _PIECE_BYTES."""
    piece = bytearray()
    for message in messages:
        piece += message
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _message(change: Change, links: MediaLinks) -> bytes:
    if change.row is not None:
        data = stored_event_json(change.row, links)
    else:
        data = json.dumps({"store_id": change.store_id, "camera_id": change.camera_id, "status": change.status})
    return format_sse_event(data_str=data, event=change.kind, id=str(change.id))
