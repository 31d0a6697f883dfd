"""A live camera's stream that is kept for clips, and looked at only while the stream for detection is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from backend_api.base.process import in_same_name
from edge_service.video.frame import Frame
from edge_service.video.live.connection import STALL_S
from edge_service.video.live.source import LiveSource


class LiveRecording(LiveSource):
    """Reads a camera in a thread of its own, over all its outages, into the ring."""

    size: tuple[int, int] | None = None
    """Width and height of its pictures as they are shown; None while it is not known."""
    _is_looked_at = False

    @contextmanager
    def opened(self) -> Iterator[Callable[[float], None]]:
        """Read until the block is left; the function that it gives puts all that has come into the ring.

        Raises UsageError, there, when the camera is none.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording") as executor:
            self._reading = executor.submit(in_same_name(self._reader.run))
            self._reading.add_done_callback(lambda _: self._queue.arrived.set())
            try:
                yield self._feed
            finally:
                self._reader.close()

    def look(self) -> Frame | None:
        """The next frame, to be called while it is opened; None after a second without. From a key picture on.

        Raises UsageError when the camera is none.
        """
        if self._reading is None:
            return None
        if not self._is_looked_at:
            self._is_looked_at = self._waits_for_key = True
        frame = self._next(self._reading)
        if frame is not None:
            self.size = frame.width, frame.height
        return frame

    def _feed(self, _until_s: float) -> None:
        self.check()
        self.captured = self._reader.captured
        if self._is_looked_at:
            self._is_looked_at = False
            self._forget()
        for packet in self._queue.take():
            self._ring.append(packet)
            self.size = packet.format.display_size
        self._ring.complete_until(self._reader.now_s() - STALL_S)
