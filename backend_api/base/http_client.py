"""HTTP calls to another process: a bearer, no proxy on this computer, bounded answers, and in words why none came."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from backend_api.base.clock import Clock
from backend_api.base.process import UsageError

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""More than the largest page of events or the largest still."""

_CHUNK_BYTES = 64 * 1024
_CONNECTIONS = 10
_NO_CONNECTION = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
# What a server that speaks plain HTTP makes of TLS.
_NO_TLS = "WRONG_VERSION_NUMBER"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, its body, its Retry-After header as it stands there; headers by lower-case name."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


class NoAnswer(Exception):
    """No whole answer came; the text is the reason, e.g. `no answer within 10 s`. The request may have arrived."""


class NotSent(NoAnswer):
    """There was not even a connection, so nothing has arrived; the text is the reason, e.g. `connection refused`."""


class HttpClient:
    """Calls to the server at `url`, over connections that are kept open; from any thread.

    `bearer` is sent as Authorization when there is one. A connection must stand within `connect_s` seconds, no silence
    may be longer than `read_s`, and the body must be whole `read_s` after it began, or `total_s` after the request
    began where that is given. An answer may have `max_bytes` bytes, unpacked. Redirects are not followed, and nothing
    is sent twice. Raises UsageError, which names `source`, when `url` is no HTTP address.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        source: str,
        bearer: str | None = None,
        connect_s: float = CONNECT_TIMEOUT_S,
        read_s: float = READ_TIMEOUT_S,
        total_s: float | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        connections: int = _CONNECTIONS,
    ) -> None:
        host = check_address(url, source).hostname or ""
        self.url = url.rstrip("/")
        self._clock = clock
        self._timeouts_s = (connect_s, read_s)
        self._total_s = total_s
        self._max_bytes = max_bytes
        self._session = _Session()
        # A proxy from the environment cannot reach a server on this computer.
        self._session.trust_env = not _is_loopback(host)
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.auth = _Bearer(bearer)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request, whatever its status is. `path` begins with a slash and follows the address.

        Raises NoAnswer, and OSError when `body` cannot be read.
        """
        began_s = self._clock.monotonic_s()
        try:
            response = self._session.request(
                method,
                self.url + path,
                params=list(query),
                data=body,
                headers=headers,
                timeout=self._timeouts_s,
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._read(response, began_s)
        except requests.RequestException as error:
            raise self._no_answer(error) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, content, headers.get("retry-after"), headers)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _read(self, response: requests.Response, began_s: float) -> bytes:
        """The whole body: neither may it unpack to more than there is room for, nor may a server drip it for ever."""
        within_s = self._timeouts_s[1] if self._total_s is None else self._total_s
        until_s = within_s + (self._clock.monotonic_s() if self._total_s is None else began_s)
        content = bytearray()
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                content += chunk
                if len(content) > self._max_bytes:
                    raise NoAnswer(f"the answer is longer than {self._max_bytes} bytes")
                if self._clock.monotonic_s() > until_s:
                    raise NoAnswer(f"the answer was not whole within {within_s:g} s")
        except urllib3.exceptions.DecodeError as error:
            raise NoAnswer("the answer cannot be unpacked") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer("the connection was cut before the answer was whole") from error
        return bytes(content)

    def _no_answer(self, error: requests.RequestException) -> NoAnswer:
        if isinstance(error, requests.ConnectTimeout):
            return NotSent(f"no connection within {self._timeouts_s[0]:g} s")
        said = next((c.strerror for c in _causes(error) if isinstance(c, OSError) and c.strerror), "").lower()
        if _was_never_sent(error):
            return NotSent(said or "no connection")
        if isinstance(error, requests.Timeout):
            return NoAnswer(f"no answer within {self._timeouts_s[1]:g} s")
        return NoAnswer(said or "the connection was cut before an answer came")


def check_address(url: str, source: str, example: str = "http://127.0.0.1:8000") -> SplitResult:
    """The parts of `url`, an http or https address with a host. Raises UsageError that names `source` and `example`."""
    try:
        parts = urlsplit(url)
        # A host that cannot be asked for is none, and neither is port 0; a port that is no number raises, too.
        if parts.scheme in {"http", "https"} and (parts.hostname or "").encode("idna") and parts.port != 0:
            return parts
        why = ""
    except ValueError as error:
        why = f" ({error})"
    # Before an @ may stand a password, and behind a ? a key.
    shown = (f"...@{url.rpartition('@')[2]}" if "@" in url else url).partition("?")[0]
    raise UsageError(f"{source} is {shown!r}, which is no address{why}; give one such as {example}")


class _Session(requests.Session):
    """Follows no redirect, and does not even look at one: to find the next request, requests reads the whole body."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        return None


class _Bearer(requests.auth.AuthBase):
    """Given as an auth object, because a header alone would give way to an entry for the host in ~/.netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _was_never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was not even made; a TLS error may come from anywhere, so what is unknown was sent."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    return any(
        isinstance(cause, _NO_CONNECTION) or (isinstance(cause, ssl.SSLError) and cause.reason == _NO_TLS)
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
