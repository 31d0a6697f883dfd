"""One request to a chat server over HTTP, and the meaning of each of its failures for the question.

Nothing is sent twice here: once a request may have arrived, the server may work on it and bill it. The key is in the
header alone, and is taken out of whatever the server says, should it repeat it.
"""

import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import JsonValue
from requests.adapters import HTTPAdapter

from backend_api.base.clock import Clock
from backend_api.base.process import UsageError
from mm_worker.vlm.chat_refusal import refusal
from mm_worker.vlm.vlm import ServerAway, Unanswered, VlmError

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_MAX_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# As long as it may be in a result.
_MAX_URL = 500
# A word such as "none", which servers without keys are given, would be found all over their answers.
_SECRET_LENGTH = 8
_NO_CONNECTION = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
# What a server that speaks plain HTTP makes of TLS.
_NO_TLS = "WRONG_VERSION_NUMBER"


class ChatServer:
    """Posts to `url`/chat/completions, with `key` as bearer when there is one; from any thread.

    `connect_s` and `total_s` bound a request in seconds. Raises UsageError when `url` is no HTTP address, or when `key`
    can stand in no header.
    """

    def __init__(
        self, url: str, key: str | None, clock: Clock, *, connect_s: float, total_s: float, connections: int
    ) -> None:
        self.url = _checked(url)
        self._key = _checked_key(key)
        self._clock = clock
        self._connect_s = connect_s
        self._total_s = total_s
        self._session = requests.Session()
        # A proxy from the environment cannot reach a server on this computer.
        self._session.trust_env = urlsplit(self.url).hostname not in _LOOPBACK
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.auth = _Bearer(self._key)

    def ask(self, body: Mapping[str, JsonValue]) -> bytes:
        """The body of a 200. Raises FormatRefused, ServerAway, ServerTrouble or VlmError."""
        until_s = self._clock.monotonic_s() + self._total_s
        try:
            response = self._session.post(
                f"{self.url}/chat/completions",
                json=body,
                timeout=(self._connect_s, self._total_s),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._hide_key(self._read(response, until_s))
        except requests.RequestException as error:
            raise self._failure(error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unanswered(f"{self.url}: the answer broke off; it may have been billed") from error
        if response.status_code == HTTPStatus.OK:
            return content
        raise refusal(self.url, response.status_code, content, response.headers.get("Retry-After"), self._clock.now())

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _read(self, response: requests.Response, until_s: float) -> bytes:
        """The whole body; a server that drips may not take longer for it than one that thinks."""
        content = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            content += chunk
            if len(content) > _MAX_BYTES:
                raise Unanswered(f"{self.url}: the answer is longer than {_MAX_BYTES} bytes")
            if self._clock.monotonic_s() > until_s:
                raise Unanswered(f"{self.url}: the answer was not complete within {self._total_s:g} s")
        return bytes(content)

    def _hide_key(self, content: bytes) -> bytes:
        is_secret = self._key is not None and len(self._key) >= _SECRET_LENGTH
        return content.replace(self._key.encode(), b"[key]") if self._key and is_secret else content

    def _failure(self, error: requests.RequestException) -> VlmError:
        if _was_never_sent(error):
            return ServerAway(f"{self.url} cannot be reached: {_reason(error)}")
        if isinstance(error, requests.Timeout):
            return Unanswered(f"{self.url}: no answer within {self._total_s:g} s; it may have been billed")
        return Unanswered(f"{self.url}: the connection was cut before an answer came; it may have been billed")


class _Bearer(requests.auth.AuthBase):
    """Given as an auth object, because a header alone would give way to an entry for the host in ~/.netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


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


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return "no connection"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"--vlm-url {url!r} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise UsageError(f"--vlm-url {url!r} is no address: write it as http://127.0.0.1:11434/v1")
    if parts.username or parts.password:
        raise UsageError("--vlm-url holds a name or password; give the key in the environment as GYM_VLM_KEY")
    if len(url) > _MAX_URL:
        raise UsageError(f"--vlm-url is longer than {_MAX_URL} characters; give the server a shorter address")
    return url.rstrip("/")


def _checked_key(key: str | None) -> str | None:
    """Without the line break that a file gave it. The message of an HTTP library about a bad header would show it."""
    key = key.strip() if key else ""
    if not (key.isascii() and key.isprintable()):
        raise UsageError("GYM_VLM_KEY holds a letter or a line break that no key can have; give it again")
    return key or None
