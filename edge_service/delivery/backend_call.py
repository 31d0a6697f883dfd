"""One PUT or GET to the backend, for all that is not an event: reports, clips, thumbnails, and whether it is ready."""

from typing import BinaryIO

import requests

from edge_service.delivery.http_transport import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, open_session, reason_of
from edge_service.delivery.transport import Answer, Unreachable

__all__ = ["BackendCall", "Unreachable"]


class BackendCall:
    """Calls the backend at `backend_url` with `api_key` as bearer when there is one; for a single thread.

    Raises UsageError when `backend_url` is no HTTP address.
    """

    def __init__(
        self,
        backend_url: str,
        api_key: str | None = None,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._url = backend_url.rstrip("/")
        self._timeouts_s = (connect_timeout_s, read_timeout_s)
        self._session = open_session(backend_url, api_key)

    def put(self, path: str, body: bytes | BinaryIO, headers: dict[str, str]) -> Answer:
        """Put `body` to `path`, which begins with a slash, and return the answer. Raises Unreachable, OSError."""
        try:
            response = self._session.put(
                self._url + path, data=body, headers=headers, timeout=self._timeouts_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unreachable(reason_of(error, self._timeouts_s)) from error
        return Answer(response.status_code, response.content, response.headers.get("Retry-After"))

    def get(self, path: str) -> Answer:
        """Get `path`, which begins with a slash, and return the answer. Raises Unreachable."""
        try:
            response = self._session.get(self._url + path, timeout=self._timeouts_s, allow_redirects=False)
        except requests.RequestException as error:
            raise Unreachable(reason_of(error, self._timeouts_s)) from error
        return Answer(response.status_code, response.content, response.headers.get("Retry-After"))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
