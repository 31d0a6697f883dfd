"""The dashboard's watchdog: fed while its own server answers as a browser would be answered, over the network.

A thread asks the server and feeds on its answer alone: while the event loop hangs, or the server takes no connections,
there is none. Under no watchdog nothing is asked.
"""

import http.client
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial

from backend_api.base.clock import Clock
from backend_api.base.lasting import keep_running
from backend_api.base.watchdog import Watchdog

# The time from a question that was not answered to the next: the server listens within moments of the first one.
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageServer:
    """Where the dashboard's own server answers: as Streamlit's `server.*` options say it.

    `address` is what it listens on, None for everywhere; `path` is the base of all paths, without slashes around it.
    """

    address: str | None
    port: int
    path: str = ""
    has_tls: bool = False

    def answers(self, timeout_s: float) -> bool:
        """Whether it says within `timeout_s` seconds that pages can be opened."""
        # Whatever listens everywhere is reached at the computer's own address.
        host = {None: "127.0.0.1", "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)  # noqa: S104
        connection = (
            http.client.HTTPSConnection(host or "", self.port, timeout=timeout_s, context=_own())
            if self.has_tls
            else http.client.HTTPConnection(host or "", self.port, timeout=timeout_s)
        )
        with closing(connection):
            try:
                connection.request("GET", f"/{self.path}/_stcore/health" if self.path else "/_stcore/health")
                return connection.getresponse().status == http.client.OK
            except (OSError, http.client.HTTPException):
                return False


@asynccontextmanager
async def page_watched(server: Callable[[], PageServer], watchdog: Watchdog, clock: Clock) -> AsyncIterator[None]:
    """While this lasts, `watchdog` is fed as long as the server answers."""
    if not watchdog.is_there:
        yield
        return
    stop = threading.Event()
    watch = partial(watch_page, server(), watchdog, clock, stop)
    what = "systemd's watchdog does not hear of the dashboard"
    threading.Thread(target=keep_running, args=(watch, what, clock, stop), name="page watch").start()
    try:
        yield
    finally:
        # It ends by itself: to wait here would keep the server from answering its last question.
        stop.set()


def watch_page(server: PageServer, watchdog: Watchdog, clock: Clock, stop: threading.Event) -> None:
    """Ask once an interval of the watchdog's until `stop` is set, and feed on each answer.

    After one that did not come it is asked sooner: the waits double, from a quarter of a second to that interval.
    """
    longest_s = min(watchdog.interval_s, _LONGEST_PAUSE_S)
    failures_wait_s = _FIRST_PAUSE_S
    while not stop.is_set():
        if server.answers(timeout_s=longest_s):
            watchdog.feed()
            failures_wait_s, pause_s = _FIRST_PAUSE_S, longest_s
        else:
            failures_wait_s, pause_s = min(2 * failures_wait_s, longest_s), failures_wait_s
        clock.wait(stop, pause_s)


def _own() -> ssl.SSLContext:
    """For a server that is this process's own: its certificate bears another name, and nobody is between."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
