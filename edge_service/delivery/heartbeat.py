"""The heartbeat: a thread of its own that tells the backend again and again how the camera's edge is doing."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from backend_api.base.clock import Clock
from backend_api.base.http_client import NoAnswer
from backend_api.base.lasting import explain_unforeseen, keep_running
from backend_api.base.process import speaking_as
from backend_api.contract.cameras import HEARTBEAT_INTERVAL_S
from edge_service.delivery.answers import detail, is_denied, is_temporary
from edge_service.delivery.backend_client import Put

log = logging.getLogger(__name__)

# How long an edge goes on without a message that its backend does not know: it may be updated meanwhile.
ASK_AGAIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Message:
    """A body to be put to `path` of the backend's every `interval_s` seconds, 0 for with every beat; `what` names it.

    `body` is called when it is due, in the heartbeat's thread; None says that there is nothing to send yet. The
    name `speaker` stands before what the log says of it, where there are several. Another `version` than the one that
    arrived makes it due at once.
    """

    what: str
    path: str
    media_type: str
    body: Callable[[], bytes | None]
    interval_s: float
    speaker: str = ""
    version: Callable[[], object] = lambda: None
    # What says the same one by one, for a backend that refuses this, as one of an earlier release does.
    instead: Sequence["Message"] = ()


class Heartbeat:
    """Sends `messages` when they are due, from when it is entered until it is left, and once more then.

    Every HEARTBEAT_INTERVAL_S it looks which are. A message that is lost is due again next time; one that the backend
    refuses for good, as one of an earlier release does, waits for its interval; where others say the same instead, they
    are sent for ASK_AGAIN_S. Bodies are made in this thread.
    """

    def __init__(self, messages: Sequence[Message], call: Put, clock: Clock) -> None:
        self._messages = [_Sent(message) for message in messages]
        self._call = call
        self._clock = clock
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heartbeat")
        self._is_heard = True

    def __enter__(self) -> Self:
        self._executor.submit(keep_running, self._run, "the camera is not reported on", self._clock, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._executor.shutdown()

    def beat(self) -> None:
        """Send what is due; tell in the log what stops arriving, and when it does again."""
        self._send_due(self._messages)

    def _run(self) -> None:
        self.beat()
        while not self._clock.wait(self._stop, HEARTBEAT_INTERVAL_S):
            self.beat()
        # The last word, when somebody listens: otherwise the end would wait for nothing.
        if self._is_heard:
            self.beat()

    def _send_due(self, messages: "Sequence[_Sent]") -> bool:
        """Send those of `messages` that are due; False when nobody answers."""
        for sent in messages:
            with speaking_as(sent.message.speaker):
                if sent.is_due(self._clock.monotonic_s()) and not self._send(sent):
                    return False  # the others would not arrive either, and each would wait for its time to be over
            if sent.is_refused and not self._send_due(sent.instead):
                return False
        return True

    def _send(self, sent: "_Sent") -> bool:
        """Send one message, if it has a body; False when nobody answers."""
        try:
            version, body = sent.message.version(), sent.message.body()
        except Exception as error:  # noqa: BLE001 - what one message is made of keeps no other from being sent
            sent.note(problem=f"it cannot be made: {explain_unforeseen(error)}")
            return True
        if body is None:
            return True
        try:
            answer = self._call.put(sent.message.path, body, {"Content-Type": sent.message.media_type})
        except NoAnswer as error:
            self._is_heard = False
            sent.note(problem=str(error))
            return False
        self._is_heard = not is_temporary(answer.status)
        arrived = 200 <= answer.status < 300
        is_judged = self._is_heard and not is_denied(answer.status)
        problem = None if arrived else f"answered {answer.status} ({detail(answer)})"
        if sent.instead and is_judged:
            sent.refuse(problem)
        else:
            sent.note(problem=problem)
        if is_judged:
            wait_s = ASK_AGAIN_S if sent.is_refused else sent.message.interval_s
            sent.due_s, sent.version = self._clock.monotonic_s() + wait_s, version
        return True


class _Sent:
    """A message, when it is due by the monotonic clock, and whether it arrived the last time."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.due_s = float("-inf")
        self.version: object = None
        self.instead = [_Sent(other) for other in message.instead]
        self.is_refused = False
        self._arrives = True

    def is_due(self, now_s: float) -> bool:
        """Whether it is to be sent now."""
        return self.due_s <= now_s or self.message.version() != self.version

    def refuse(self, problem: str | None) -> None:
        """The backend refuses it for good, for that reason, or takes it; tell in the log when that changes."""
        is_refused = problem is not None
        if is_refused and not self.is_refused:
            log.info(
                "the backend does not take all cameras' %s at once (%s): they are sent one by one",
                self.message.what,
                problem,
            )
        self.is_refused = is_refused
        if not is_refused:
            self.note(problem=None)

    def note(self, problem: str | None) -> None:
        """Tell in the log when this is other than it was."""
        arrives = problem is None
        if arrives != self._arrives:
            self._arrives = arrives
            what = self.message.what
            text = f"hears this camera's {what} again" if arrives else f"does not hear this camera's {what}: {problem}"
            log.info("the backend %s", text)
