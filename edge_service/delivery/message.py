"""What an edge tells the backend about its camera again and again, beside its events."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A body to be put to `path` of the backend's every `interval_s` seconds, 0 for with every beat; `what` names it.

    `body` is called when it is due, in the heartbeat's thread; None says that there is nothing to send yet.
    """

    what: str
    path: str
    media_type: str
    body: Callable[[], bytes | None]
    interval_s: float
