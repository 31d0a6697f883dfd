"""The meaning of the backend's answer to a batch for the events in it (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from backend_api.base.backoff import retry_after_s
from backend_api.base.http_client import Answer
from backend_api.contract.events import BatchResult, RejectedLine
from backend_api.contract.values import Problem

_REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """The first `count` events are settled: stored, or had already, or among the `rejected` for good.

    `stuck` is what the backend did to the one after them, which has to be sent again; None when all are settled.
    """

    count: int
    rejected: Sequence[RejectedLine]
    stuck: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The request as a whole was refused for good."""

    status: int
    error: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing is known of the events; the same request may succeed later.

    `reason` is what the backend did, `retry_after_s` the pause that it asked for.
    """

    reason: str
    retry_after_s: float | None = None


def is_temporary(status: int) -> bool:
    """Whether the HTTP `status` says that the same request may succeed later (RFC 9110, RFC 6585, RFC 8470)."""
    return status in {408, 425, 429} or status >= 500


def is_denied(status: int) -> bool:
    """Whether the key is missing or wrong: a person has to put that right, and no event is to blame for it.

    So it is temporary, too: a mistyped key must not move the backlog to the rejected file.
    """
    return status in {401, 403}


def judge(answer: Answer, count: int, now: datetime) -> Taken | Refused | TryAgain:
    """The meaning of `answer` to a batch of `count` events. `now` is aware; a Retry-After date counts from it."""
    if is_temporary(answer.status) or is_denied(answer.status):
        reason = f"answered {answer.status} ({detail(answer)})"
        return TryAgain(reason, retry_after_s(answer.retry_after, now))
    if 400 <= answer.status < 500:
        return Refused(answer.status, detail(answer))
    result = _batch_result(answer, count)
    if result is None:
        return TryAgain(
            f"answered {answer.status} with something that is no batch result; is that address another server's, or a"
            f" proxy's? ({detail(answer)})"
        )
    return _settle(result, count)


def _settle(result: BatchResult, count: int) -> Taken:
    """Order is kept, so nothing counts as settled beyond the first event that was rejected for the time being."""
    rejected = sorted(result.rejected, key=lambda line: line.line)
    stuck = next((line for line in rejected if is_temporary(line.status)), None)
    if stuck is None:
        return Taken(count, rejected, None)
    settled = [line for line in rejected if line.line < stuck.line]
    return Taken(stuck.line - 1, settled, f"answered {stuck.status} to event {stuck.event_id} ({stuck.error})")


def _batch_result(answer: Answer, count: int) -> BatchResult | None:
    """The result in `answer`, or None when it is none that accounts for each of `count` lines once."""
    if answer.status != 200:
        return None
    try:
        result = BatchResult.model_validate_json(answer.body)
    except ValidationError:
        return None
    lines = {line.line for line in result.rejected}
    in_range = all(line <= count for line in lines) and len(lines) == len(result.rejected)
    return result if in_range and result.stored + result.duplicates + len(lines) == count else None


def detail(answer: Answer) -> str:
    """The problem document's own words, or else the beginning of the body, in one line."""
    try:
        text = Problem.model_validate_json(answer.body).detail
    except ValidationError:
        text = answer.body[: 4 * _REASON_CHARACTERS].decode("utf-8", "replace")
    return " ".join(text.split())[:_REASON_CHARACTERS] or "(no text)"
