"""The line that says every few seconds how far the edge has come."""

import logging
from dataclasses import dataclass

from backend_api.base.clock import Clock

log = logging.getLogger(__name__)

INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class RunCounts:
    """The frames of the run so far: `captured` frames are those the source delivered, processed or skipped.

    `has_ended` is whether the source came to its end by itself; `problem` is what keeps pictures away at present, and
    `fault` why those that come are of no use. A `warning` leaves detection alone.
    """

    media_time_s: float
    captured: int
    processed: int
    skipped: int
    events: int
    outbox_depth: int
    reconnects: int = 0
    has_ended: bool = False
    problem: str | None = None
    fault: str | None = None
    warning: str | None = None


def format_progress(counts: RunCounts, frames_per_s: float) -> str:
    """One readable line, e.g. `media 1:05.2, 30.0 frames/s, 4 events, 0 waiting in the outbox, ...`."""
    minutes, seconds = divmod(round(counts.media_time_s, 1), 60)
    return (
        f"media {minutes:.0f}:{seconds:04.1f}, {frames_per_s:.1f} frames/s, {counts.events} events, "
        f"{counts.outbox_depth} waiting in the outbox, "
        f"{counts.captured} frames = {counts.processed} processed + {counts.skipped} skipped"
        + (f", reconnected {counts.reconnects} times" if counts.reconnects else "")
        + "".join(f"; {trouble}" for trouble in (counts.problem, counts.fault, counts.warning) if trouble)
    )


class Progress:
    """Logs a RunCounts when `interval_s` seconds have gone by since the last one."""

    def __init__(self, clock: Clock, interval_s: float = INTERVAL_S) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._begin_s = self._last_s = clock.monotonic_s()
        self._last_captured = 0

    def is_due(self) -> bool:
        """Whether it is time for the next line."""
        return self._clock.monotonic_s() - self._last_s >= self._interval_s

    def report(self, counts: RunCounts) -> None:
        """Log the line; the rate is that since the last one."""
        now_s = self._clock.monotonic_s()
        self._log(counts, counts.captured - self._last_captured, now_s - self._last_s)
        self._last_s, self._last_captured = now_s, counts.captured

    def report_end(self, counts: RunCounts) -> None:
        """Log the last line; the rate is that of the whole run."""
        self._log(counts, counts.captured, self._clock.monotonic_s() - self._begin_s)

    def _log(self, counts: RunCounts, frames: int, elapsed_s: float) -> None:
        log.info("%s", format_progress(counts, frames / elapsed_s if elapsed_s > 0 else 0.0))
