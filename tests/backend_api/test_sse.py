"""The tests' own reader of streams fails rather than wait for ever."""

import socket
import threading
from contextlib import closing

import pytest

from tests.backend_api.sse import StreamReader


def test_a_reader_says_that_it_got_no_answer() -> None:
    """Those tests would wait for ever otherwise, for a head that does not come."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(4096)
            connection.close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        with pytest.raises(ConnectionError):
            StreamReader(listening.getsockname()[1])
        hanging_up.join()
