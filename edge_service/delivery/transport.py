"""The plug point for the network: one request with events, and what came back."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, its body, and its Retry-After header as it stands there."""

    status: int
    body: bytes
    retry_after: str | None = None


class Unreachable(Exception):
    """No answer came: no connection, a cut one, or a timeout. The text is the reason, e.g. `connection refused`."""


class Transport(Protocol):
    """Carries events to the backend."""

    def post(self, ndjson: bytes) -> Answer:
        """Post `ndjson`, one event a line, as a batch and return the answer whatever its status is.

        Raises Unreachable when there is none within a bounded time; the backend may have stored the events even so.
        """
        ...
