"""A dead man's switch: an address elsewhere is asked every minute while all is well, and learns of silence by itself.

So the death of the whole computer, or of its network, is noticed by somebody else (the way of healthchecks.io).
"""

import logging
import threading
from collections.abc import Callable

from backend_api.base.clock import Clock
from backend_api.base.http_client import HttpClient, NoAnswer, check_address
from backend_api.base.process import UsageError
from backend_api.contract.alerts import AlertKind
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.store import Store

PING_S = 60.0
# What keeps it from being asked: then the gym is not watched, or nothing is judged.
UNWELL = frozenset({AlertKind.CAMERA_SILENT, AlertKind.CAMERA_BLIND, AlertKind.WORKER_AWAY})
_TOTAL_S = 20.0
_LOCK_TIMEOUT_S = 2.0
_MAX_ANSWER_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class Ping:
    """Asks `url`; `looks_again` says whether conditions still are looked for. Raises UsageError without the address."""

    def __init__(self, url: str, store: Store, looks_again: Callable[[], bool], clock: Clock) -> None:
        check_ping_url(url)
        self._store = store
        self._looks_again = looks_again
        self._clock = clock
        self._http = HttpClient(
            url, clock, source="--ping-url", total_s=_TOTAL_S, max_bytes=_MAX_ANSWER_BYTES, connections=1
        )
        self._said = ""

    def run(self, stop: threading.Event) -> None:
        """Ask every PING_S while all is well, until `stop` is set."""
        while not self._clock.wait(stop, PING_S):
            self.ping()
        self._http.close()

    def ping(self) -> None:
        """Ask once if all is well. What keeps it from that is logged when it changes; the address never is."""
        trouble = self.trouble() or self._ask()
        if trouble != self._said:
            if trouble:
                log.warning("the address of --ping-url is not asked, or does not answer: %s", trouble)
            else:
                log.info("the address of --ping-url is asked again every %g s", PING_S)
        self._said = trouble

    def trouble(self) -> str:
        """What is not well, in words; "" when all is."""
        if not self._looks_again():
            return "conditions could not be looked for lately: the log says why"
        try:
            self._store.check_writable(_LOCK_TIMEOUT_S)
            lasting = sorted({alert.kind.value for alert in self._store.alerts.open() if alert.kind in UNWELL})
        except (StoreBusy, StoreFull, StoreBroken) as error:
            return str(error)
        return ", ".join(lasting)

    def _ask(self) -> str:
        try:
            answer = self._http.request("GET", "")
        except NoAnswer as error:
            return str(error)
        return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"


def check_ping_url(url: str) -> str:
    """`url`, an http or https address. Raises UsageError, which does not show it: who knows it can ask it."""
    try:
        check_address(url, "--ping-url")
    except UsageError:
        raise UsageError(
            "--ping-url (GYM_PING_URL) is no http or https address; give one such as https://hc-ping.com/ID"
        ) from None
    return url
