"""The meaning of a chat server's error status: it concerns the reply's format, the server, or this one question.

The differences were read from the servers' answers: FastAPI's (llama-cpp-python, TGI) refuse a format with 422, some
with 500; Gemini tells the time to wait in the body; a gateway says 402 when the account is empty.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from backend_api.base.backoff import MAX_RETRY_AFTER_S, retry_after_s
from mm_worker.vlm.chat_answer import error_message
from mm_worker.vlm.vlm import ServerAway, ServerTrouble, VlmError

_ELSEWHERE = dict.fromkeys((301, 302, 303, 307, 308), "check --vlm-url: the server is somewhere else")
_WHAT_TO_DO = _ELSEWHERE | {
    401: "give the right key in GYM_VLM_KEY",
    402: "the account is used up",
    403: "the key in GYM_VLM_KEY may not do this",
    404: "check --vlm-url and --vlm-model",
    405: "check --vlm-url",
    413: "the server, or a proxy before it, takes no request of this size: raise its limit, such as "
    "client_max_body_size 16m in nginx",
    429: "it is asked too much, or the account is used up",
}
# The server turns everybody away, and bills nothing.
_AWAY = {*_WHAT_TO_DO, 503}
_NOT_UNDERSTOOD = {400, 422}
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


class FormatRefused(Exception):
    """The server may not know the way in which the reply's format was asked for; it has not begun to work."""


def refusal(server: str, status: int, body: bytes, retry_after: str | None, now: datetime) -> Exception:
    """The error to raise for a `status` other than 200: FormatRefused, ServerAway, ServerTrouble or VlmError."""
    message = error_message(body)
    said = " ".join(filter(None, [f"HTTP {status}", message]))
    text = "; ".join(filter(None, [f"{server} answered {said}", _WHAT_TO_DO.get(status)]))
    if status in _NOT_UNDERSTOOD or "response_format" in message:
        return FormatRefused(text)
    after_s = retry_after_s(retry_after, now)
    if after_s is None:
        after_s = _delay_in(body)
    if status in _AWAY:
        return ServerAway(text, after_s)
    is_trouble = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT
    return ServerTrouble(text, after_s) if is_trouble else VlmError(text, after_s)


def _delay_in(body: bytes) -> float | None:
    """Seconds from the `retryDelay` of google.rpc.RetryInfo ("34s"), wherever in an error's body it stands."""
    try:
        found = _values_of("retryDelay", json.loads(body))
        delays = (_DELAY.fullmatch(delay) for delay in found if isinstance(delay, str))
        return next((min(float(delay[1]), MAX_RETRY_AFTER_S) for delay in delays if delay), None)
    except (ValueError, RecursionError):
        return None


def _values_of(key: str, tree: object) -> Iterator[object]:
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _values_of(key, branch)
