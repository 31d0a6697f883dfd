"""One request to a chat server over HTTP, and the meaning of each of its failures for the question.

Nothing is sent twice here: once a request may have arrived, the server may work on it and bill it. The key is in the
header alone, and is taken out of whatever the server says, should it repeat it.
"""

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import JsonValue, TypeAdapter

from backend_api.base.api_key import check_key
from backend_api.base.clock import Clock
from backend_api.base.http_client import HttpClient, NoAnswer, NotSent, check_address
from backend_api.base.process import UsageError
from mm_worker.vlm.chat_refusal import refusal
from mm_worker.vlm.vlm import NotReached, Unanswered

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_MAX_BYTES = 4 * 1024 * 1024
# As long as it may be in a result.
_MAX_URL = 500
# A word such as "none", which servers without keys are given, would be found all over their answers.
_SECRET_LENGTH = 8


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
        self._http = HttpClient(
            self.url,
            clock,
            source="--vlm-url",
            bearer=self._key,
            connect_s=connect_s,
            read_s=total_s,
            total_s=total_s,
            max_bytes=_MAX_BYTES,
            connections=connections,
        )

    def ask(self, body: Mapping[str, JsonValue]) -> bytes:
        """The body of a 200. Raises NotReached, FormatRefused, ServerAway, ServerTrouble or VlmError."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._http.request("POST", "/chat/completions", body=_JSON.dump_json(dict(body)), headers=headers)
        except NotSent as error:
            raise NotReached(f"{self.url} cannot be reached: {error}") from error
        except NoAnswer as error:
            raise Unanswered(f"{self.url}: {error}; it may have been billed") from error
        content = self._hide_key(answer.body)
        if answer.status == HTTPStatus.OK:
            return content
        raise refusal(self.url, answer.status, content, answer.retry_after, self._clock.now())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _hide_key(self, content: bytes) -> bytes:
        is_secret = self._key is not None and len(self._key) >= _SECRET_LENGTH
        return content.replace(self._key.encode(), b"[key]") if self._key and is_secret else content


def _checked(url: str) -> str:
    example = "http://127.0.0.1:11434/v1"
    parts = check_address(url, "--vlm-url", example)
    if parts.query or parts.fragment:
        # Not shown: it may be a key.
        raise UsageError(f"--vlm-url has a part behind ? or #; write it as {example}, and give a key as GYM_VLM_KEY")
    if parts.username or parts.password:
        raise UsageError("--vlm-url holds a name or password; give the key in the environment as GYM_VLM_KEY")
    if len(url) > _MAX_URL:
        raise UsageError(f"--vlm-url is longer than {_MAX_URL} characters; give the server a shorter address")
    return url.rstrip("/")


def _checked_key(key: str | None) -> str | None:
    """Without the line break that a file gave it. The message of an HTTP library about a bad header would show it."""
    key = key.strip() if key else ""
    return check_key(key, "GYM_VLM_KEY") if key else None
