"""From the time stamps of a file to those of the run, which starts at 0 and only goes on, over repeats and splices."""


class Timeline:
    """Places packets on the run's time line; every number counts in the stream's time base.

    `begun_at` is where the current repeat of the file started.
    """

    def __init__(self, splice: int) -> None:
        """A decoding time stamp that falls back by more than `splice` means that another recording was appended."""
        self._splice = splice
        self._shift = 0
        self._end = 0
        self._last_dts: int | None = None
        self.begun_at = 0

    def begin(self, start: int) -> None:
        """A file whose stream starts at time stamp `start` begins: right after the last picture's end."""
        self._go_on_from(start)
        self.begun_at = self._end

    def place(self, pts: int, dts: int | None, duration: int) -> tuple[int, int | None]:
        """The presentation and decoding time stamps of a packet on the run's time line."""
        if dts is not None:
            if self._last_dts is not None and dts < self._last_dts - self._splice:
                self._go_on_from(pts)
            self._last_dts = dts
        placed = pts + self._shift
        self._end = max(self._end, placed + duration)
        return placed, None if dts is None else dts + self._shift

    def _go_on_from(self, start: int) -> None:
        self._shift = self._end - start
        self._last_dts = None
