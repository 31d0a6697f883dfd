"""The marks that chat templates leave around a reply: thoughts before it, fences and boxes around it, ends behind it.

A server with a matching parser takes them off itself; one without hands them on as text. Only whole marks that are
known are taken off, from the outside in: nothing is searched for within what is left, so that a rambling reply does not
become a verdict by luck. The marks are those of the models' published chat templates and tokenizers.
"""

import json
import re
from typing import NamedTuple

# More layers than any server leaves; a model that lost itself may have written the same mark for pages.
_MAX_LAYERS = 16
_BYTE_ORDER_MARK = "\ufeff"


class _Pair(NamedTuple):
    opening: str
    closing: str


# Regular expressions. Where a model's template opens the thought, the reply only closes it.
_THOUGHTS = (
    _Pair(r"<think(?:ing)?>", r"</think(?:ing)?>"),  # DeepSeek R1, Qwen, GLM, many others
    _Pair(r"<(?:thoughts?|reasoning|analysis|reflection)>", r"</(?:thoughts?|reasoning|analysis|reflection)>"),
    _Pair(r"<seed:think>", r"</seed:think>"),  # Seed-OSS
    _Pair(r"◁think▷", r"◁/think▷"),  # Kimi-VL
    _Pair(r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    _Pair(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    _Pair(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    _Pair(r"<unused94>thought", r"<unused95>"),  # MedGemma
    _Pair(r"<\|channel>(?:thought)?", r"<channel\|>"),  # Gemma
    # Harmony (gpt-oss): everything before the final channel is thought.
    _Pair(r"<\|channel\|>\w*(?:<\|message\|>)?", r"<\|channel\|>final(?: *<\|constrain\|>\w+)?<\|message\|>"),
)
_CLOSED_THOUGHT = re.compile(rf".*?(?:{'|'.join(pair.closing for pair in _THOUGHTS)})", re.DOTALL)
_OPEN_THOUGHT = re.compile("|".join(pair.opening for pair in _THOUGHTS))
_AROUND = (
    _Pair(r"<\|begin_of_box\|>", r"<\|end_of_box\|>"),  # GLM-V
    _Pair(r"<\|begin_of_solution\|>", r"<\|end_of_solution\|>"),
    _Pair(r"<\|START_RESPONSE\|>", r"<\|END_RESPONSE\|>"),
    _Pair(r"<answer>", r"</answer>"),
    _Pair(r"```[A-Za-z0-9]*", r"```"),
    _Pair(r"~~~[A-Za-z0-9]*", r"~~~"),
)
_WRAPPINGS = tuple(re.compile(f"{pair.opening}(.*){pair.closing}", re.DOTALL) for pair in _AROUND)
_BEGINNINGS = re.compile(
    r"(?:<s>|<bos>|<\|begin_of_text\|>|<\uff5cbegin\u2581of\u2581sentence\uff5c>"
    r"|<\|im_start\|>(?:assistant)?|<\|start\|>assistant|<\|start_header_id\|>assistant<\|end_header_id\|>"
    r"|<start_of_turn>(?:model)?|<\|turn>(?:model)?|<\|assistant\|>|\[/INST\])\s*"
)
_ENDS = re.compile(
    r"\s*(?:</s>|<eos>|\[EOS\]|<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|end\|>|<\|return\|>|<\|endoftext\|>"
    r"|<\|end_of_text\|>|<\uff5cend\u2581of\u2581sentence\uff5c>|<end_of_turn>|<turn\|>|<end_of_utterance>"
    r"|<\|END_OF_TURN_TOKEN\|>|<\|end\u2581of\u2581sentence\|>|<\|end_of_sentence\|>|<\|user\|>|<\|observation\|>|<\|eos\|>)\Z"
)


class OpenThought(Exception):
    """The reply begins with a thought that has no end; `mark` opened it."""

    def __init__(self, mark: str) -> None:
        super().__init__(f"the thought that begins with {mark} has no end, and no answer follows it")


def unwrapped(text: str) -> str:
    """The reply in `text` without the marks around it. Raises OpenThought when it never came to an answer."""
    for _ in range(_MAX_LAYERS):
        text = text.strip().strip(_BYTE_ORDER_MARK).strip()
        if _is_object(text):
            return text
        inner = _without_one_layer(text)
        if inner == text:
            return text
        text = inner
    return text


def _without_one_layer(text: str) -> str:
    """Without the outermost mark; `text` itself when there is none that is known."""
    if end := _ENDS.search(text, max(0, len(text) - 200)):
        return text[: end.start()]
    for wrapping in _WRAPPINGS:
        if wrapped := wrapping.fullmatch(text):
            return wrapped[1]
    if closed := _CLOSED_THOUGHT.match(text):
        return text[closed.end() :]
    if beginning := _BEGINNINGS.match(text):
        return text[beginning.end() :]
    if opened := _OPEN_THOUGHT.match(text):
        if not _is_object(text[opened.end() :].strip()):
            raise OpenThought(opened[0])
        return text[opened.end() :]
    return text


def _is_object(text: str) -> bool:
    """Whether `text` is one JSON object and nothing else: a mark inside one of its strings is no mark."""
    if not text.startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
