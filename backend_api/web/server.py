"""The server: its socket, taken before anything else is touched, and uvicorn with this program's signals and log."""

import asyncio
import contextlib
import errno
import gc
import ipaddress
import logging
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from backend_api.base.port_holder import holder_and_cure
from backend_api.base.process import UsageError
from backend_api.web.connection_limits import REQUEST_S, LimitedConnection, telling_connections

log = logging.getLogger(__name__)

# Longer than the pauses between the calls of a dashboard or an edge, so their connections stay open.
_KEEP_ALIVE_S = 75
_FINISH_S = 10
# The request line and all headers together. Heads of ours have less than 1 KiB, signed addresses included.
MAX_HEAD_BYTES = 16 * 1024
_DESCRIPTORS = 65536
# The same error is said again after so long: asyncio tries some 2,000 times a second to take a connection that there is
# no file descriptor for, and tells each time.
_REPEAT_S = 60.0
_BACKLOG = 2048


def listen(host: str, port: int, *, is_guarded: bool = False) -> socket.socket:
    """A listening socket on `host`, a name or an address of this computer, and `port` (0: any free one).

    Raises UsageError when the port is taken and, unless callers need a key, for a host that others can reach.
    """
    family, address = _resolve(host, port)
    if not is_guarded and not ipaddress.ip_address(address[0]).is_loopback:
        raise UsageError(
            f"--host {host} would open the events and clips to everybody on the network; use 127.0.0.1, or ask for a "
            "key: set GYM_API_KEY"
        )
    # asyncio turns Nagle's algorithm off for sockets that say they are TCP; with it, answers wait 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restart need not wait until connections of the process before have timed out.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            holder, cure = holder_and_cure(port)
            message = f"{host}:{port} is already in use by {holder}: {cure}, or choose another --port"
        else:
            message = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; choose another --port"
        raise UsageError(message) from error
    return listening


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: no such host; use 127.0.0.1") from error
    # "localhost" may be both; most clients try IPv4.
    family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))


def serve(
    app: FastAPI,
    listening: socket.socket,
    stop: threading.Event,
    request_s: float = REQUEST_S,
    *,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests on `listening` until `stop` is set; those that have begun are finished, for up to 10 s.

    A connection on which no request begins within `request_s` seconds is closed. `tick` is called ten times a second,
    in the event loop.
    """
    _quieten()
    _raise_descriptor_limit()
    # Everything loaded by now stays as long as the process: the collector need not go through it again and again.
    gc.freeze()
    config = uvicorn.Config(
        telling_connections(app),
        log_config=None,
        access_log=False,
        # Named, so that what else is installed changes nothing; uvloop would take the signals, too.
        loop="asyncio",
        http="h11",
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_FINISH_S,
    )
    config.load()
    # The server makes a protocol for each connection by this name; any callable will do.
    config.http_protocol_class = partial(  # type: ignore[assignment]
        LimitedConnection, config.http_protocol_class, request_s
    )
    _Server(config, stop, app.state.end_streams, tick).run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, stop: threading.Event, end_streams: Callable[[], None], tick: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._end_streams = end_streams
        self._tick = tick

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # process.stop_on_signals has them; uvicorn would raise them again after stopping, and with that lose code 0.
        yield

    async def on_tick(self, counter: int) -> bool:
        self._tick()
        return await super().on_tick(counter) or self._stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_LoopErrors())
        await super().startup(sockets)
        for listening in sockets or []:
            host, port = listening.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            log.info("listening on %s, described at %s/docs", url, url)


class _LoopErrors:
    """Says in one line what goes wrong in the event loop, outside of any request."""

    def __init__(self) -> None:
        self._last = ""
        self._said_s = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        text = context["message"] if error is None else f"{context['message']}: {type(error).__name__}: {error}"
        if text != self._last or loop.time() - self._said_s >= _REPEAT_S:
            self._last, self._said_s = text, loop.time()
            log.error("%s", " ".join(text.split()), exc_info=error if os.environ.get("GYM_DEBUG") else None)


def _raise_descriptor_limit() -> None:
    """Take as many connections at once as this user may: the usual 1,024 is for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS refuses what is beyond a limit of its own.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _quieten() -> None:
    """Leave out what uvicorn says of its own stages, and tracebacks: problems.py names each error in a line."""
    uvicorn_log = logging.getLogger("uvicorn.error")
    # Its warnings are of what clients send: they are told, and could fill the log.
    uvicorn_log.setLevel(logging.ERROR)
    if not os.environ.get("GYM_DEBUG"):
        uvicorn_log.addFilter(lambda record: record.exc_info is None)
