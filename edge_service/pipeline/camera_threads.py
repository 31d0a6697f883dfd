"""Several cameras in one process, a thread each: one that fails is started again, the others go on.

Invariant: no camera waits for another one, neither to be watched nor to be started again. The process ends when the
video of each has ended, and not before what they found is sent, as far as that works.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto

from backend_api.base.backoff import longest_delay_s
from backend_api.base.clock import Clock
from backend_api.base.lasting import FIRST_PAUSE_S, LONGEST_PAUSE_S, SOUND_RUN_S, explain_unforeseen
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, FatalError, UsageError, speaking_as

# So soon the end of the others is noticed by a camera that waits to be started again.
_TICK_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """A camera to be watched in a thread of its own, again and again where it fails.

    `run` watches it until its video ends, calls its argument then, which returns when all have come to their end, and
    returns the exit code. `fails` is told why it does not run, in one line. `is_endless`: its video has no end.
    """

    name: str
    is_endless: bool
    run: Callable[[Callable[[], None]], int]
    fails: Callable[[str], None]


class _State(Enum):
    WATCHED = auto()
    ENDED = auto()
    """Its video is over, or it was told to stop."""
    FAILED = auto()
    """It failed, and is started again."""
    GIVEN_UP = auto()
    """It cannot be used as it is, or its file fails: it is started again only as long as others are watched."""


class CameraThreads:
    """Runs `watches` until all have ended, or `stop` is set."""

    def __init__(self, watches: Sequence[Watch], clock: Clock, stop: threading.Event) -> None:
        self._watches = watches
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._states = {watch.name: _State.WATCHED for watch in watches}
        self._all_ended = threading.Event()

    def run(self) -> int:
        """Returns the exit code. Raises the UsageError of a camera when none could ever be watched."""
        with ThreadPoolExecutor(max_workers=len(self._watches), thread_name_prefix="camera") as executor:
            running = [executor.submit(self._keep_watching, watch) for watch in self._watches]
        ends = [one.result() for one in running]
        unusable = [end for end in ends if isinstance(end, UsageError)]
        if unusable and len(unusable) == len(ends):
            raise unusable[0]
        return EXIT_DONE if all(end == EXIT_DONE for end in ends) else EXIT_FAILED

    def _keep_watching(self, watch: Watch) -> int | UsageError:
        """Watch one camera to its end. Returns its exit code, or why it could not be used to the last."""
        failures = 0
        with speaking_as(watch.name):
            while True:
                self._enter(watch, _State.WATCHED)
                began_s = self._clock.monotonic_s()
                try:
                    return watch.run(lambda: self._wait_for_others(watch))
                except Exception as error:  # noqa: BLE001 - the edge of one camera, beside which the others go on
                    sound = self._clock.monotonic_s() - began_s >= SOUND_RUN_S
                    failures = 1 if sound else failures + 1
                    if not self._may_start_again(watch, error, failures):
                        return error if isinstance(error, UsageError) else EXIT_FAILED

    def _may_start_again(self, watch: Watch, error: Exception, failures: int) -> bool:
        """Tell of the failure, and wait; False when there is nothing to wait for any more."""
        wait_s = longest_delay_s(failures, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        lasts = isinstance(error, UsageError) or not watch.is_endless
        self._enter(watch, _State.GIVEN_UP if lasts else _State.FAILED)
        reason = f"{_describe(error)}; this camera is started again in {wait_s:g} s"
        watch.fails(reason)
        log.error("%s", reason)
        until_s = self._clock.monotonic_s() + wait_s
        while (left_s := until_s - self._clock.monotonic_s()) > 0:
            if self._clock.wait(self._stop, min(left_s, _TICK_S)) or self._all_ended.is_set():
                return False
        return not self._stop.is_set() and not self._all_ended.is_set()

    def _wait_for_others(self, watch: Watch) -> None:
        """Return when all have ended: until then what waits is sent, and the backend may come back."""
        self._enter(watch, _State.ENDED)
        while not self._all_ended.is_set() and not self._stop.is_set():
            self._clock.wait(self._all_ended, _TICK_S)

    def _enter(self, watch: Watch, state: _State) -> None:
        with self._lock:
            self._states[watch.name] = state
            if all(state in (_State.ENDED, _State.GIVEN_UP) for state in self._states.values()):
                self._all_ended.set()


def _describe(error: Exception) -> str:
    is_foreseen = isinstance(error, (UsageError, FatalError))
    return " ".join(str(error).split()) if is_foreseen else explain_unforeseen(error)
