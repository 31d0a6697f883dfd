"""The watchdog is fed while every part works, seldom enough, and where there is one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_api.base.watchdog import ALIVE, READY, Watchdog
from tests.fake_clock import FakeClock


@pytest.fixture(params=["file", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@gym-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(name.replace("@", "\0"))
        server.setblocking(False)
        yield server, name


def messages(server: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    while True:
        try:
            found.append(server.recv(100))
        except BlockingIOError:
            return found


def heard(server: socket.socket) -> int:
    found = messages(server)
    assert all(ALIVE in message.split(b"\n") for message in found)
    return len(found)


def test_it_says_so_four_times_within_the_patience_of_systemd(listening: tuple[socket.socket, str]) -> None:
    server, name = listening
    clock = FakeClock()
    watchdog = Watchdog(clock, {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000000"})
    for _ in range(200):
        watchdog.feed()
        clock.advance(0.1)
    assert heard(server) == 4


def test_a_part_that_hangs_is_missed_until_it_is_over(listening: tuple[socket.socket, str]) -> None:
    server, name = listening
    clock = FakeClock()
    watchdog = Watchdog(clock, {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "4000000"})

    def rounds(*parts: str) -> int:
        for _ in range(10):
            for part in parts:
                watchdog.feed(part)
            clock.advance(1)
        return heard(server)

    with watchdog.watching("cam_01"):
        with watchdog.watching("cam_02"):
            assert rounds("cam_01", "cam_02") == 10
            assert rounds("cam_01") <= 1
            assert rounds("cam_01", "cam_02") >= 9
        assert rounds("cam_01") >= 9
    assert rounds("") >= 9


@pytest.mark.parametrize("patience", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000000"}])
def test_the_first_time_says_that_the_start_is_over(
    listening: tuple[socket.socket, str], patience: dict[str, str]
) -> None:
    """Where systemd has no patience to lose it is told once: it waits for that alone."""
    server, name = listening
    clock = FakeClock()
    watchdog = Watchdog(clock, {"NOTIFY_SOCKET": name, **patience})
    for _ in range(3):
        watchdog.feed()
        clock.advance(1)
    first, *others = messages(server)
    assert READY in first.split(b"\n")
    assert others == ([ALIVE, ALIVE] if patience.get("WATCHDOG_USEC") == "1000000" else [])


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "1000"}, {"NOTIFY_SOCKET": "vsock:1:2", "WATCHDOG_USEC": "1000"}],
)
def test_without_a_watchdog_nothing_is_said(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    Watchdog(FakeClock(), environ).feed()
    assert caplog.text == ""


def test_a_socket_that_is_gone_is_said_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Watchdog(FakeClock(), {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "1000"}).feed()
    assert "does not hear that this process works: No such file" in caplog.text
