"""Edges of another gym, in short: threads that post event after event to any backend until each is acknowledged."""

import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import requests

from backend_api.base.clock import SystemClock
from backend_api.contract.events import EventType
from tests.backend_api.events import START, make_event

STORE_ID = "gym_busy"
_CLOCK = SystemClock()
_THREADS = 3
_PAUSE_S = 0.02


class Poster:
    """While it is entered, events come; `acknowledged` are the ids of those that were answered 200 or 201."""

    def __init__(self, ports: Sequence[int], rng: random.Random) -> None:
        self.acknowledged: list[UUID] = []
        self.refused: set[int] = set()
        self._ports = ports
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(f"cam_{number}", random.Random(rng.random())), daemon=True)
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

    def _post(self, camera_id: str, rng: random.Random) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            event = make_event(
                event_type=EventType.MACHINE_OCCUPIED_START,
                store_id=STORE_ID,
                camera_id=camera_id,
                ts=START + timedelta(seconds=number),
                session_id=UUID(int=number),
            )
            # One that was begun is brought to its end.
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
