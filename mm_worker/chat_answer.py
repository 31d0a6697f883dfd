"""What a chat server's body says: the model's text and the facts around it, whichever dialect the server speaks."""

import json
from dataclasses import dataclass

from pydantic import BaseModel, Field, JsonValue, NonNegativeInt, TypeAdapter, ValidationError

from mm_worker.reply import ReplyError
from mm_worker.vlm import VlmError

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    # Where servers put what a reasoning model thought; some put the answer there too, and leave the content empty.
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt | None = None
    completion_tokens: NonNegativeInt | None = None


class _Body(BaseModel):
    model: str | None = Field(default=None, max_length=200)
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """`model` and the tokens are None when the server did not tell; `raw` is the whole body."""

    message: _Message
    finish_reason: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    raw: JsonValue

    def text(self) -> str:
        """What the model answered. Raises VlmError when it refused, ReplyError when it did not come to an end."""
        if self.message.refusal or self.finish_reason == "content_filter":
            raise VlmError(f"the model refused to answer: {_short(self.message.refusal or 'content filter')}")
        if self.finish_reason == "length":
            raise ReplyError("it was cut off because it was too long")
        candidates = (self.message.content, self.message.reasoning_content, self.message.reasoning)
        text = next((text for text in candidates if text and text.strip()), None)
        if text is None:
            raise ReplyError("it was empty")
        return text


def read_answer(body: bytes, server: str) -> ChatAnswer:
    """The answer in `body`. Raises VlmError when it is none in UTF-8 JSON."""
    try:
        raw = _JSON.validate_json(body.decode("utf-8"))
        parsed = _Body.model_validate(raw)
    except UnicodeDecodeError as error:
        raise VlmError(f"{server} answered with something that is not UTF-8") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise VlmError(f"{server} answered with no chat completion: {where}: {_short(first['msg'])}") from error
    choice, usage = parsed.choices[0], parsed.usage or _Usage()
    return ChatAnswer(
        choice.message, choice.finish_reason, parsed.model, usage.prompt_tokens, usage.completion_tokens, raw
    )


def error_message(body: bytes) -> str:
    """What an error's body says, in one short line; servers disagree on where it stands."""
    text = body.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _short(text)
    while isinstance(found, (dict, list)) and found:
        if isinstance(found, list):
            found = found[0]
        else:
            found = found.get("error") or found.get("message") or found.get("detail")
    return _short(found if isinstance(found, str) else text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."
