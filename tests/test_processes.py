"""The ports that tests choose are theirs."""

import socket
from contextlib import closing

import pytest

from tests.processes import free_port


def test_a_free_port_refuses_until_who_asks_for_it_listens_and_again_afterwards() -> None:
    port = free_port()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with closing(socket.create_server(("127.0.0.1", port))), socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_free_port_is_given_to_nobody_who_asks_for_any() -> None:
    """Such ports are not to be shared."""
    with closing(socket.socket()) as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", free_port()))
