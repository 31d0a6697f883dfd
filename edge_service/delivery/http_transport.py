"""The transport to a real backend: POST /events/batch over a connection that is kept open."""

from urllib.parse import urlsplit

import requests

from backend_api.base.process import UsageError
from edge_service.delivery.transport import Answer, Unreachable

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class HttpTransport:
    """Posts to the backend at `backend_url`, e.g. `http://127.0.0.1:8000`, with `api_key` as bearer when there is one.

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
        self._url = f"{backend_url.rstrip('/')}/events/batch"
        self._timeouts_s = (connect_timeout_s, read_timeout_s)
        self._session = open_session(backend_url, api_key)
        self._session.headers["Content-Type"] = "application/x-ndjson"

    def post(self, ndjson: bytes) -> Answer:
        """Post `ndjson` and return the answer; redirects are not followed. Raises Unreachable."""
        try:
            response = self._session.post(self._url, data=ndjson, timeout=self._timeouts_s, allow_redirects=False)
        except requests.RequestException as error:
            raise Unreachable(reason_of(error, self._timeouts_s)) from error
        return Answer(response.status_code, response.content, response.headers.get("Retry-After"))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def open_session(backend_url: str, api_key: str | None) -> requests.Session:
    """A session for calls to `backend_url`. Raises UsageError when it is no HTTP address."""
    session = requests.Session()
    # A proxy from the environment can't reach the backend on this computer.
    session.trust_env = _host(backend_url) not in _LOOPBACK
    if api_key:
        session.auth = _Bearer(api_key)
    return session


def reason_of(error: requests.RequestException, timeouts_s: tuple[float, float]) -> str:
    """Why no answer came, in a few words; `timeouts_s` are those for connecting and for reading."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeouts_s[0]:g} s"
    if isinstance(error, requests.ReadTimeout):
        return f"no answer within {timeouts_s[1]:g} s"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return "the connection was cut before an answer came"


class _Bearer(requests.auth.AuthBase):
    """Given as an auth object, because a header alone would give way to an entry for the host in ~/.netrc."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def _host(backend_url: str) -> str:
    try:
        parts = urlsplit(backend_url)
        host, _ = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise UsageError(
            f"the backend's address {backend_url!r} is none: {error}; write it as http://127.0.0.1:8000"
        ) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"the backend's address {backend_url!r} is none: write it as http://127.0.0.1:8000")
    return host
