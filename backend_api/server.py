"""uvicorn, run by this program: its signals, its log lines and its exit code are the house's."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from backend_api.one_packet import OnePacketTransport
from backend_api.patience import ImpatientProtocol

log = logging.getLogger(__name__)

# Longer than the pauses of those who ask again and again (a dashboard, an edge), so their connections stay open.
_KEEP_ALIVE_S = 75
_FINISH_S = 10


def serve(app: FastAPI, listening: socket.socket, stop: threading.Event) -> None:
    """Answer requests on `listening` until `stop` is set; those that have begun are finished, for up to 10 s."""
    _quieten()
    # What is loaded by now stays as long as the process: the collector need not go through it again and again.
    gc.freeze()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=_Protocol,
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_FINISH_S,
    )
    _Server(config, stop, app.state.end_streams).run(sockets=[listening])


class _Protocol(ImpatientProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(OnePacketTransport(transport, self.loop))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stop: threading.Event, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop
        self._end_streams = end_streams

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # process.stop_on_signals has them; uvicorn would raise them again after stopping, and with that lose code 0.
        yield

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or []:
            host, port = listening.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            log.info("listening on %s, described at %s/docs", url, url)


def _quieten() -> None:
    """Leave out what uvicorn says of its own stages, and tracebacks: problems.py names each error in a line."""
    uvicorn_log = logging.getLogger("uvicorn.error")
    uvicorn_log.setLevel(logging.WARNING)
    if not os.environ.get("GYM_DEBUG"):
        uvicorn_log.addFilter(lambda record: record.exc_info is None)
