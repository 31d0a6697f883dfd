"""The one form of reply that is a verdict: strict JSON with the keys of the schema.

The marks that servers leave around it are taken off. Nothing else is searched for, completed or corrected: a cut-off or
rambling reply must not become a verdict by luck.
"""

import json
from typing import Any

from pydantic import Field, ValidationError

from backend_api.contract.values import Confidence, Value
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES, Sighting, Verdict
from mm_worker.vlm.reply_wrapping import OpenThought, unwrapped


class ReplyError(Exception):
    """The reply is not what was asked for; the text says why, in words that the model can act on."""


class Reply(Value):
    """The model's answer; `seen` names pictures by their numbers, from 1."""

    verdict: Verdict
    confidence: Confidence
    summary: str = Field(min_length=1, max_length=2000, pattern=r"\S")
    seen: tuple[Sighting, ...] = Field(max_length=4 * MAX_SHOWN_FRAMES)


def parse_reply(text: str, pictures: int) -> Reply:
    """The reply to a question with `pictures` pictures. Raises ReplyError."""
    try:
        text = unwrapped(text)
        _refuse_repeats(text)
        # Strict: "0.9" is no number and 1 is no text, whatever could be made of them.
        reply = Reply.model_validate_json(text, strict=True)
    except OpenThought as error:
        raise ReplyError(str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ReplyError(f"{where}: {first['msg']}" if where else first["msg"]) from error
    if any(sighting.frame > pictures for sighting in reply.seen):
        raise ReplyError(f"seen: there are only {pictures} pictures")
    return reply


def reply_schema() -> dict[str, Any]:
    """The JSON Schema of a reply, in the narrow dialect that strict servers take: no references, no limits.

    Servers that hold a model to it make it write the keys in this order: first what it sees, then what follows.
    """
    sighting = {"frame": {"type": "integer"}, "what": {"type": "string"}}
    return _object(
        {
            "seen": {"type": "array", "items": _object(sighting)},
            "summary": {"type": "string"},
            "verdict": {"type": "string", "enum": [verdict.value for verdict in Verdict]},
            "confidence": {"type": "number"},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _refuse_repeats(text: str) -> None:
    """Raise ReplyError when a key stands twice: which of two verdicts is meant, nobody knows."""

    def check(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ReplyError("a key stands twice")

    try:
        json.loads(text, object_pairs_hook=check)
    except ValueError as error:
        raise ReplyError(f"it is no JSON object: {error}") from error
    except RecursionError as error:
        raise ReplyError("it is nested too deeply") from error
