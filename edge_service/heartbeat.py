"""The heartbeat: a thread of its own that tells the backend every few seconds how the camera's edge is doing."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, Self

from backend_api.clock import Clock
from backend_api.contract_cameras import HEARTBEAT_INTERVAL_S, CameraReport
from edge_service.transport import Answer, Unreachable

log = logging.getLogger(__name__)


class Put(Protocol):
    """Puts a body to a path of the backend's; backend_call.py is the one over HTTP."""

    def put(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Return the answer whatever its status is. Raises Unreachable when there is none within a bounded time."""
        ...


class Heartbeat:
    """Sends what `report` gives for `camera_id`, from when it is entered until it is left, and once more then.

    Reports that do not arrive are forgotten: the next one says more. `report` is called in this thread.
    """

    def __init__(self, camera_id: str, report: Callable[[], CameraReport], call: Put, clock: Clock) -> None:
        self._path = f"/cameras/{camera_id}"
        self._report = report
        self._call = call
        self._clock = clock
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heartbeat")
        self._is_heard = True

    def __enter__(self) -> Self:
        self._executor.submit(self._run).add_done_callback(_report_end)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._executor.shutdown()

    def beat(self) -> None:
        """Send one report; tell in the log when they stop arriving, and when they do again."""
        body = self._report().model_dump_json().encode()
        try:
            answer = self._call.put(self._path, body, {"Content-Type": "application/json"})
        except Unreachable as error:
            self._note(is_heard=False, reason=str(error))
        else:
            self._note(is_heard=answer.status == 200, reason=f"answered {answer.status}")

    def _run(self) -> None:
        self.beat()
        while not self._clock.wait(self._stop, HEARTBEAT_INTERVAL_S):
            self.beat()
        # The last word, when somebody listens: otherwise the end would wait for nothing.
        if self._is_heard:
            self.beat()

    def _note(self, *, is_heard: bool, reason: str) -> None:
        if is_heard != self._is_heard:
            self._is_heard = is_heard
            text = "hears this camera's reports again" if is_heard else f"does not hear this camera's reports: {reason}"
            log.info("the backend %s", text)


def _report_end(running: "Future[None]") -> None:
    if error := running.exception():
        log.error("the camera is no longer reported on: %s: %s", type(error).__name__, error)
