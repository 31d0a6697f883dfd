"""Marks of chat templates around a reply are taken off, all of them, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_worker.vlm.reply import ReplyError, parse_reply
from mm_worker.vlm.reply_wrapping import OpenThought, unwrapped
from tests.mm_worker.chat_dialects import ANSWER

TEXT = json.dumps(ANSWER)
# It takes no part in anything: a draft, a fence, a mark of another kind.
MUSING = 'Is that a cloth? {"verdict": "cleaned"} ```json {} ``` no.'
THOUGHTS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "◁think▷": "◁/think▷",
    "[THINK]": "[/THINK]",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<unused94>thought\n": "<unused95>",
    "<|channel>thought\n": "<channel|>",
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",
}
ENDS = [
    "</s>",
    "<eos>",
    "[EOS]",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<|user|>",
]
BEGINNINGS = ["<s>", "<bos>", "<|im_start|>assistant\n", "<|start_header_id|>assistant<|end_header_id|>\n\n", "\ufeff"]
AROUND = [
    ("", ""),
    ("```json\n", "\n```"),
    ("```", "```"),
    ("~~~json\n", "\n~~~"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
    ("<answer>\n", "\n</answer>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
]
thoughts = pytest.mark.parametrize(("opening", "closing"), THOUGHTS.items(), ids=THOUGHTS.keys())


@thoughts
def test_a_thought_of_any_template_is_taken_off(opening: str, closing: str) -> None:
    assert unwrapped(f"{opening}{MUSING}{closing}\n\n{TEXT}") == TEXT
    assert unwrapped(f"{opening}{closing}{TEXT}") == TEXT
    assert unwrapped(f"{MUSING}{closing}{TEXT}") == TEXT  # where the template opened it


@thoughts
def test_two_thoughts_are_taken_off(opening: str, closing: str) -> None:
    assert unwrapped(f"{opening}So.{closing}\n{opening}{MUSING}{closing}\n{TEXT}") == TEXT
    assert unwrapped(f"<think>So.</think>{opening}{MUSING}{closing}{TEXT}") == TEXT


@thoughts
def test_a_thought_without_an_end_is_named_unless_the_answer_is_all_that_follows(opening: str, closing: str) -> None:
    assert unwrapped(f"{opening}\n{TEXT}") == TEXT
    with pytest.raises(OpenThought, match="has no end"):
        unwrapped(f"{opening}{MUSING} The answer is {TEXT}")
    with pytest.raises(ReplyError, match="has no end"):
        parse_reply(f"{opening}{MUSING}", 8)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("times", [1, 3])
def test_the_mark_of_an_end_is_taken_off(end: str, times: int) -> None:
    assert unwrapped(TEXT + end * times) == TEXT
    assert unwrapped(f"```json\n{TEXT}\n```\n{end}\n") == TEXT
    assert unwrapped(f"```json\n{TEXT}{end}\n```") == TEXT


@given(
    beginning=st.sampled_from(["", *BEGINNINGS]),
    thought=st.sampled_from([("", ""), *THOUGHTS.items()]),
    around=st.sampled_from(AROUND),
    end=st.sampled_from(["", *ENDS]),
    space=st.sampled_from(["", " ", "\n\n", "\t", "\ufeff"]),
)
def test_any_marks_together_are_taken_off(
    beginning: str, thought: tuple[str, str], around: tuple[str, str], end: str, space: str
) -> None:
    thinking = f"{thought[0]}Let me see.{thought[1]}" if thought[0] else ""
    assert unwrapped(f"{beginning}{thinking}{space}{around[0]}{TEXT}{around[1]}{space}{end}") == TEXT


@pytest.mark.parametrize("mark", [*THOUGHTS.values(), *ENDS])
def test_a_mark_in_the_models_own_words_stays(mark: str) -> None:
    said = json.dumps(ANSWER | {"summary": f"A sign says {mark}"}, ensure_ascii=False)
    assert unwrapped(said) == said
    assert parse_reply(f"<think>So.</think>{said}", 8).summary == f"A sign says {mark}"


@pytest.mark.parametrize(
    "text",
    [
        f"Here you are: {TEXT}",
        f"{TEXT} I hope that helps.",
        f"<summary>{TEXT}</summary>",
        f"{TEXT}{TEXT}",
        "<think>" * 1000 + TEXT,
        "</think>" * 1000,
        f"{TEXT}</think>",
        "",
    ],
)
def test_what_is_no_mark_stays_and_is_no_reply(text: str) -> None:
    with pytest.raises(ReplyError):
        parse_reply(text, 8)


@given(text=st.text() | st.text(alphabet='<>|/think`{}[]" \n', max_size=200))
def test_any_text_is_a_reply_or_an_error_that_says_why(text: str) -> None:
    with pytest.raises(ReplyError, match=r"\S"):
        parse_reply(text, 8)
