"""The edge's requests to the backend: a batch of events, a file, a report, and whether it is ready."""

from typing import BinaryIO, Protocol

from backend_api.base.clock import Clock
from backend_api.base.http_client import READ_TIMEOUT_S, Answer, HttpClient


class Transport(Protocol):
    """Carries events to the backend."""

    def post(self, ndjson: bytes) -> Answer:
        """Post `ndjson`, one event a line, as a batch and return the answer whatever its status is.

        Raises NoAnswer when there is none within a bounded time; the backend may have stored the events even so.
        """
        ...


class Put(Protocol):
    """Puts a body to a path of the backend's."""

    def put(self, path: str, body: bytes | BinaryIO, headers: dict[str, str]) -> Answer:
        """Return the answer whatever its status is. Raises NoAnswer when there is none within a bounded time."""
        ...


class BackendClient:
    """Calls the backend at `backend_url`, e.g. `http://127.0.0.1:8000`, with `api_key` as bearer when there is one.

    `read_s` is for how many seconds the backend may be silent. Raises UsageError when `backend_url` is no address.
    """

    def __init__(
        self, backend_url: str, clock: Clock, api_key: str | None = None, *, read_s: float = READ_TIMEOUT_S
    ) -> None:
        self._http = HttpClient(backend_url, clock, source="the backend's address", bearer=api_key, read_s=read_s)

    def post(self, ndjson: bytes) -> Answer:
        """Post `ndjson` to /events/batch and return the answer. Raises NoAnswer."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self._http.request("POST", "/events/batch", body=ndjson, headers=headers)

    def put(self, path: str, body: bytes | BinaryIO, headers: dict[str, str]) -> Answer:
        """Put `body` to `path`, which begins with a slash, and return the answer. Raises NoAnswer, OSError."""
        return self._http.request("PUT", path, body=body, headers=headers)

    def get(self, path: str) -> Answer:
        """Get `path`, which begins with a slash, and return the answer. Raises NoAnswer."""
        return self._http.request("GET", path)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
