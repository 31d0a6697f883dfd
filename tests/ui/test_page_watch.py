"""The dashboard's watchdog is fed on each answer of its own server, and on nothing else."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend_api.base.watchdog import Watchdog
from tests.fake_clock import FakeClock
from tests.own_loop import run_alone
from ui.page_watch import PageServer, page_watched, watch_page

WATCHED = {"WATCHDOG_USEC": "8000000"}


@contextmanager
def answering(status: int, path: str = "/_stcore/health") -> Iterator[PageServer]:
    """A server that answers `status` at `path`, and 404 elsewhere."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == path else 404)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield PageServer("127.0.0.1", server.server_port)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listening(tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """systemd's end, and what it puts into the environment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.setblocking(False)
        yield told, {**WATCHED, "NOTIFY_SOCKET": str(tmp_path / "notify")}


def heard(told: socket.socket) -> int:
    count = 0
    while True:
        try:
            told.recv(100)
        except BlockingIOError:
            return count
        count += 1


class Rounds(FakeClock):
    """Sets `stop` after so many waits, and does `before` ahead of each."""

    def __init__(self, rounds: int, stop: threading.Event) -> None:
        super().__init__()
        self._rounds = rounds
        self._stop = stop

    def wait(self, signal: threading.Event, timeout_s: float) -> bool:
        if len(self.waits_s) + 1 == self._rounds:
            self._stop.set()
            self.advance(timeout_s)
        return super().wait(signal, timeout_s)


def watch(server: PageServer, environ: dict[str, str], rounds: int) -> list[float]:
    """The waits of so many rounds."""
    stop = threading.Event()
    clock = Rounds(rounds, stop)
    watch_page(server, Watchdog(clock, environ), clock, stop)
    return clock.waits_s


def test_each_answer_is_told_in_time(tmp_path: Path) -> None:
    with listening(tmp_path) as (told, environ), answering(200) as server:
        assert watch(server, environ, 4) == [2.0] * 4  # a quarter of systemd's patience
        assert heard(told) == 4


@pytest.mark.parametrize("status", [503, 403, 404])
def test_a_server_that_is_not_well_is_not_told(tmp_path: Path, status: int) -> None:
    with listening(tmp_path) as (told, environ), answering(status) as server:
        assert watch(server, environ, 6) == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]
        assert heard(told) == 0


def test_a_server_that_takes_connections_and_hangs_is_not_told(tmp_path: Path) -> None:
    with listening(tmp_path) as (told, environ), socket.create_server(("127.0.0.1", 0)) as hanging:
        server = PageServer("127.0.0.1", hanging.getsockname()[1])
        assert not server.answers(timeout_s=0.05)
        # One that is gone is refused at once.
        hanging.close()
        assert watch(server, environ, 2) == [0.25, 0.5]
        assert heard(told) == 0


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "127.0.0.1"])  # noqa: S104 - nobody listens there
def test_it_is_asked_where_it_listens(address: str | None) -> None:
    with answering(200, "/gym/_stcore/health") as server:
        assert PageServer(address, server.port, "gym").answers(timeout_s=60)
        assert not PageServer(address, server.port).answers(timeout_s=60)
        assert not PageServer(address, server.port, "gym", has_tls=True).answers(timeout_s=60)


def test_without_a_watchdog_nothing_is_asked() -> None:
    def never() -> PageServer:
        raise AssertionError("asked where the server is")

    async def run() -> None:
        before = set(threading.enumerate())
        async with page_watched(never, Watchdog(FakeClock(), {}), FakeClock()):
            assert set(threading.enumerate()) <= before

    run_alone(run())
