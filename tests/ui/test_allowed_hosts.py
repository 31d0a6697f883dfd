"""A page elsewhere whose own name is made to lead to the dashboard (DNS rebinding) gets no connection to it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Running, free_port
from tests.ui.dashboard import streamlit

pytestmark = pytest.mark.e2e

ALLOWED = "gym.example"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    with Running([*streamlit(port), "--server.allowedHosts", ALLOWED], cwd=folder) as process:
        process.wait_for("Uvicorn server started")
        yield port


@pytest.fixture(scope="module")
def usual_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with Running(streamlit(port), cwd=tmp_path_factory.mktemp("usual")) as process:
        process.wait_for("Uvicorn server started")
        yield port


def connect(port: int, host: str) -> bytes:
    """The first line of the answer to a page of `host` that opens the dashboard's websocket."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client, client.makefile("rb") as answer:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        return answer.readline()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_computer_is_let_in(usual_port: int, host: str) -> None:
    assert b" 101 " in connect(usual_port, f"{host}:{usual_port}")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ALLOWED])
def test_other_names_are_not(usual_port: int, host: str) -> None:
    assert b" 403 " in connect(usual_port, f"{host}:{usual_port}")


def test_a_name_that_was_added_is_and_no_other(port: int) -> None:
    assert b" 101 " in connect(port, ALLOWED)
    assert b" 403 " in connect(port, "evil.example")
