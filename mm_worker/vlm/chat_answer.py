"""The body of a chat server's answer: the model's text and the facts around it, in any of the servers' dialects.

The text is a verdict's ground, so it counts only when the server says that the model came to its end. The facts
around it (the model's name, the tokens) are taken as far as they make sense: an answer that was paid for is not lost
over it.
"""

import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, JsonValue, TypeAdapter, ValidationError

from backend_api.base.process import escape_controls
from mm_worker.vlm.reply import ReplyError
from mm_worker.vlm.vlm import ServerTrouble, VlmError

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_MAX_NAME = 200
_MAX_TOKENS = 1_000_000_000
# Lower case. Any other value ("abort", "error", Gemini's "RECITATION") is no end that a model came to.
_ENDED = {None, "", "stop", "end_turn", "eos", "eos_token", "stop_sequence"}
_CUT_OFF = {"length", "max_tokens", "model_length"}
_FILTERED = {"content_filter", "safety", "image_safety", "prohibited_content", "image_prohibited_content"}


def _joined(content: object) -> object:
    """Content in parts, as Mistral's reasoning models give it: what is text of them."""
    if not isinstance(content, list):
        return content
    texts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def _count(value: object) -> object:
    return value if type(value) is int and 0 <= value <= _MAX_TOKENS else None


_Count = Annotated[int | None, BeforeValidator(_count)]
_Name = Annotated[
    str | None, BeforeValidator(lambda name: escape_controls(name)[:_MAX_NAME] if isinstance(name, str) else None)
]


class _Message(BaseModel):
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    refusal: str | None = None
    # Where servers put what a reasoning model thought; some put the answer there too, and leave the content empty.
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(BaseModel):
    message: _Message | None = None
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    total_tokens: _Count = None

    def output_tokens(self) -> int | None:
        """With what a model thought, which Gemini counts, and bills, in the total alone."""
        if self.total_tokens is None or self.prompt_tokens is None:
            return self.completion_tokens
        return max(self.completion_tokens or 0, self.total_tokens - self.prompt_tokens)


class _Body(BaseModel):
    model: _Name = None
    choices: list[_Choice] = []
    usage: Annotated[_Usage | None, BeforeValidator(lambda usage: usage if isinstance(usage, dict) else None)] = None
    error: JsonValue = None


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """`model` and the tokens are None when the server did not tell; `raw` is the whole body."""

    message: _Message
    finish_reason: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    raw: JsonValue

    def said(self) -> str:
        """The model's text, usable or not; empty without any."""
        candidates = (self.message.content, self.message.reasoning_content, self.message.reasoning)
        return next((text for text in candidates if text and text.strip()), "")

    def text(self) -> str:
        """The model's answer. Raises VlmError when it refused, ReplyError when it did not come to an end."""
        reason = self.finish_reason.lower() if self.finish_reason else None
        if self.message.refusal or reason in _FILTERED:
            raise VlmError(f"the model refused to answer: {one_line(self.message.refusal or 'content filter')}")
        if reason in _CUT_OFF:
            raise ReplyError("it was cut off because it was too long")
        if reason not in _ENDED:
            raise VlmError(f"the model did not come to an end: {one_line(str(self.finish_reason))}")
        if not self.said():
            raise ReplyError("it was empty")
        return self.said()


def read_answer(body: bytes, server: str) -> ChatAnswer:
    """The answer in `body`. Raises ServerTrouble when it tells of an error, VlmError when it is no answer."""
    try:
        raw = _JSON.validate_json(body.decode("utf-8"))
        parsed = _Body.model_validate(raw)
    except UnicodeDecodeError as error:
        raise VlmError(f"{server} answered with something that is not UTF-8") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise VlmError(f"{server} answered with no chat completion: {where}: {one_line(first['msg'])}") from error
    if not parsed.choices:
        if parsed.error:
            raise ServerTrouble(f"{server} answered HTTP 200 with an error: {error_message(body)}; check --vlm-url")
        raise VlmError(f"{server} answered with no chat completion: choices: there are none; check --vlm-url")
    choice, usage = parsed.choices[0], parsed.usage or _Usage()
    message = choice.message or _Message()
    return ChatAnswer(message, choice.finish_reason, parsed.model, usage.prompt_tokens, usage.output_tokens(), raw)


def error_message(body: bytes) -> str:
    """The message in an error's body, in one short line; servers disagree on where it stands."""
    text = body.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return one_line(text)
    while isinstance(found, (dict, list)) and found:
        if isinstance(found, list):
            found = found[0]
        else:
            found = next((found[key] for key in ("error", "message", "detail", "msg") if found.get(key)), None)
    return one_line(found if isinstance(found, str) else text)


def one_line(text: str, max_characters: int = 200) -> str:
    """`text` in one line without signs that cannot be printed, cut to `max_characters`."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= max_characters else f"{line[: max_characters - 3]}..."
