"""The body of a question to a chat server: the wording, the pictures in the order of time, the format of the reply."""

from base64 import b64encode
from enum import IntEnum

from pydantic import JsonValue

from mm_worker.vlm.prompt import Prompt
from mm_worker.vlm.reply import reply_schema
from mm_worker.vlm.vlm import Question

Message = dict[str, JsonValue]
_MAX_REPEATED = 2000


class ReplyFormat(IntEnum):
    """How the server is told what to answer, from the strictest; the prompt says it in any case."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PROMPT_ALONE = 2


def opening(prompt: Prompt, question: Question) -> list[Message]:
    """The messages that put `question`: every picture after a line that names its number and its second."""
    parts: list[JsonValue] = [_text(_wording(prompt, question))]
    for number, picture in enumerate(question.pictures, start=1):
        parts.append(_text(f"Picture {number}, at {picture.time_s:.1f} s, {picture.shows}:"))
        url = f"data:image/jpeg;base64,{b64encode(picture.jpeg).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": parts}]


def repair(prompt: Prompt, answer: str, problem: str) -> list[Message]:
    """The messages after an `answer` that could not be used because of `problem`.

    A model that lost itself may have written for pages, and a server may refuse a message that says nothing.
    """
    return [
        {"role": "assistant", "content": answer[:_MAX_REPEATED] or "(nothing)"},
        {"role": "user", "content": prompt.repair.replace("{problem}", problem)},
    ]


def request_body(model: str, messages: list[Message], reply_format: ReplyFormat) -> Message:
    """The JSON of POST /chat/completions. No temperature and no limit on tokens: some models refuse either."""
    body: Message = {"model": model, "messages": [*messages], "stream": False}
    if reply_format is ReplyFormat.JSON_SCHEMA:
        schema: JsonValue = {"name": "verdict", "strict": True, "schema": reply_schema()}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif reply_format is ReplyFormat.JSON_OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _wording(prompt: Prompt, question: Question) -> str:
    """The question with the machine and the event's second from the clip's start: when somebody came, or had left."""
    event = question.event
    event_s = (event.ts - event.clip.start_ts).total_seconds() if event.clip else 0.0
    wording = prompt.question.replace("{machine_id}", event.machine_id)
    for name in ("{came_s}", "{left_s}"):
        wording = wording.replace(name, f"{max(0.0, event_s):.1f}")
    return wording


def _text(text: str) -> Message:
    return {"type": "text", "text": text}
