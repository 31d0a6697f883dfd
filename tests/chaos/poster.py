"""Edges of another gym, in short: threads that post event after event to any backend until each is acknowledged."""

import random
import threading
from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Self
from uuid import UUID

import requests

from backend_api.base.clock import SystemClock
from backend_api.contract.events import Event, EventType
from tests.backend_api.reports.test_sessions import make_session

STORE_ID = "gym_busy"
_CLOCK = SystemClock()
_THREADS = 3
_PAUSE_S = 0.02


def _session(number: int) -> list[Event]:
    """A use of a machine of its own, of which no pictures were kept, up to the window, in which nobody wipes."""
    start, end, window, _ = make_session(number, at_s=60 * (number % 50), store_id=STORE_ID, camera_id="cam_01")
    return [start, end.model_copy(update={"attributes": end.attributes | {"pictures": "none"}}), window]


class Poster:
    """While it is entered, events come; `acknowledged` are the ids of those that were answered 200 or 201."""

    def __init__(self, ports: Sequence[int], rng: random.Random) -> None:
        self.acknowledged: list[UUID] = []
        self.refused: set[int] = set()
        self._ports = ports
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(number, random.Random(rng.random())), daemon=True)
            for number in range(_THREADS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each thread's last event be answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _post(self, thread: int, rng: random.Random) -> None:
        for number in count(thread, _THREADS):
            for event in _session(number):
                if self._stop.is_set() and event.event_type is EventType.MACHINE_OCCUPIED_START:
                    return
                # A session that was begun is brought to its end.
                while not self._is_taken(event.model_dump_json().encode(), rng.choice(self._ports)):
                    _CLOCK.wait(threading.Event(), _PAUSE_S)
                self.acknowledged.append(event.event_id)
                _CLOCK.wait(self._stop, _PAUSE_S)

    def _is_taken(self, body: bytes, port: int) -> bool:
        headers = {"Content-Type": "application/json"}
        try:
            answer = requests.post(f"http://127.0.0.1:{port}/events", body, headers=headers, timeout=40)
        except requests.RequestException:
            return False
        if answer.status_code not in {200, 201}:
            self.refused.add(answer.status_code)
        return answer.ok
