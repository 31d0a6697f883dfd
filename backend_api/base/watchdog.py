"""systemd's watchdog: a process that works says so again and again, and one that hangs is started again.

One datagram to the socket that is named in the environment, as sd_notify(3) documents it: the first one says that the
start is over, too. Without that socket nothing is said.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator, Mapping

from backend_api.base.clock import Clock

READY = b"READY=1"
ALIVE = b"WATCHDOG=1"
# As sd_watchdog_enabled(3) advises: at half of the time after which systemd loses patience, or sooner.
_SHARE = 0.25

log = logging.getLogger(__name__)


class Watchdog:
    """Says that the process works while each of its parts does; from any thread.

    `environ` has NOTIFY_SOCKET, and WATCHDOG_USEC, the microseconds of systemd's patience, where there is a watchdog.
    `interval_s` is how often it has to be fed: infinity where nobody waits for more than the first time.
    """

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        self._clock = clock
        address, patience_us = environ.get("NOTIFY_SOCKET", ""), environ.get("WATCHDOG_USEC", "")
        self.is_there = address[:1] in ("/", "@")
        # An address in the abstract namespace begins with a zero byte.
        self._address = address.replace("@", "\0", 1) if address.startswith("@") else address
        has_patience = patience_us.isascii() and patience_us.isdigit() and len(patience_us) < 16
        self.interval_s = int(patience_us) / 1e6 * _SHARE if has_patience else float("inf")
        self._said_s = float("-inf")
        self._message = READY + b"\n" + ALIVE
        self._lock = threading.Lock()
        self._parts: set[str] = set()
        self._unheard: set[str] = set()

    @contextlib.contextmanager
    def watching(self, part: str) -> Iterator[None]:
        """While this lasts the process counts as working only if `part` feeds the watchdog, too."""
        with self._lock:
            self._parts.add(part)
        try:
            yield
        finally:
            with self._lock:
                self._parts.discard(part)
                self._unheard.discard(part)

    def feed(self, part: str = "") -> None:
        """`part` works. Cheap enough for every frame."""
        if not self.is_there:
            return
        with self._lock:
            self._unheard.discard(part)
            now_s = self._clock.monotonic_s()
            if self._unheard or now_s - self._said_s < self.interval_s:
                return
            self._said_s = now_s
            self._unheard = set(self._parts)
            message, self._message = self._message, ALIVE
        self._say(message)

    def _say(self, message: bytes) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
                told.sendto(message, self._address)
        except OSError as error:
            log.warning("systemd's watchdog does not hear that this process works: %s", error.strerror)
