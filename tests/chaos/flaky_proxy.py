"""A bad network: a TCP proxy that refuses, delays, and cuts connections after the request and before the answer."""

import contextlib
import random
import selectors
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from backend_api.base.clock import SystemClock

_CLOCK = SystemClock()
_CHUNK_BYTES = 65536
_MAX_DELAY_S = 0.5


class FlakyProxy:
    """Listens on a port of 127.0.0.1 and passes each connection on to any of `upstream_ports`, more or less.

    Of ten connections, about six pass for one to five answers, one is closed at once, one is held up first, and two are
    cut when the answer has come and before it is passed on: the server has done its work, the client cannot know.
    """

    def __init__(self, upstream_ports: Sequence[int], rng: random.Random) -> None:
        self._upstream_ports = upstream_ports
        self._rng = rng
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]
        self.cut = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            fate, answers = self._rng.random(), self._rng.randint(1, 5)
            delay_s = self._rng.uniform(0, _MAX_DELAY_S) if fate < 0.2 else 0.0
            upstream = ("127.0.0.1", self._rng.choice(self._upstream_ports))
            thread = threading.Thread(target=self._serve, args=(client, upstream, fate, answers, delay_s), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(
        self, client: socket.socket, address: tuple[str, int], fate: float, answers: int, delay_s: float
    ) -> None:
        with client, contextlib.suppress(OSError):
            if fate < 0.1 or _CLOCK.wait(self._stop, delay_s):
                return
            with socket.create_connection(address, timeout=5) as upstream:
                self._relay(client, upstream, answers, cut=fate >= 0.8)

    def _relay(self, client: socket.socket, upstream: socket.socket, answers: int, *, cut: bool) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, upstream)
            selector.register(upstream, selectors.EVENT_READ, client)
            while not self._stop.is_set():
                for key, _ in selector.select(timeout=0.1):
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(_CHUNK_BYTES)
                    if source is upstream:
                        answers -= 1
                        if cut:
                            self.cut += 1
                            return
                    if not data:
                        return
                    target.sendall(data)
                    if answers == 0:
                        return
