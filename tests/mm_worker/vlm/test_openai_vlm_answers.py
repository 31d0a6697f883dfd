"""Every dialect in which a chat server may answer: a verdict when it is exactly that, else a failed attempt."""

import json

import pytest

from backend_api.contract.verdicts import Sighting, Verdict
from mm_worker.vlm.vlm import ServerTrouble, VlmError
from tests.mm_worker.chat_dialects import ANSWER, MODEL, Played, answers, completion, says
from tests.mm_worker.chat_scene import talking
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import Scene

TEXT = json.dumps(ANSWER)
CHOICE = {"message": {"content": TEXT}, "finish_reason": "stop"}


def parts(*given: object) -> Played:
    """An answer in parts; a text stands for a part of it."""
    content = [{"type": "text", "text": part} if isinstance(part, str) else part for part in given]
    return completion({"message": {"content": content}, "finish_reason": "stop"})


USABLE = {
    "plain": says(TEXT),
    "with parts": says(TEXT, refusal=None, tool_calls=[]),
    "fenced JSON": says(f"```json\n{TEXT}\n```"),
    "fenced without a language": says(f"  ```\n{json.dumps(ANSWER, indent=2)}\n```\n"),
    "thought before": says(f"<think>Is that a cloth? {{}}</think>\n\n{TEXT}"),
    "a thought that the template began": says(f"Is that a cloth? {{}}\n</think>\n\n{TEXT}"),
    "a byte order mark and an end": says(f"\ufeff{TEXT}<|im_end|>"),
    "GLM's box": says(f"<think>So.</think><|begin_of_box|>```json\n{TEXT}\n```<|end_of_box|>"),
    "Mistral's parts": parts({"type": "thinking", "thinking": [{"type": "text", "text": "So."}]}, TEXT),
    "Gemini's STOP": says(TEXT, finish_reason="STOP"),
    "an end without a reason": says(TEXT, finish_reason=None),
    "reasoning field beside": says(TEXT, reasoning="Is that a cloth?"),
    "answer in the reasoning field": says("", reasoning=TEXT),
    "answer in llama.cpp's reasoning field": says(None, reasoning_content=TEXT),
}
UNUSABLE = {
    "truncated": says(TEXT[:40], finish_reason="length"),
    "truncated behind the object": says(TEXT, finish_reason="length"),
    "truncated as Gemini says it": says(TEXT, finish_reason="MAX_TOKENS"),
    "only a thought that the template began": says(f"{TEXT}</think>"),
    "two boxes": says(f"<|begin_of_box|>{TEXT}<|end_of_box|><|begin_of_box|>{TEXT}<|end_of_box|>"),
    "parts without text": parts({"type": "image_url"}),
    "cut off without saying so": says(TEXT[:-1]),
    "extra keys": answers(mood="fine"),
    "a key missing": says('{"verdict": "not_cleaned", "confidence": 0.5}'),
    "a key twice": says(TEXT[:-1] + ', "verdict": "cleaned"}'),
    "prose around": says(f"Here you are: {TEXT}"),
    "prose alone": says("It was not_cleaned."),
    "confidence too large": answers(confidence=1.01),
    "confidence in percent": answers(confidence=80),
    "confidence below zero": answers(confidence=-0.1),
    "confidence as text": answers(confidence="0.8"),
    "confidence not a number": says(TEXT.replace("0.8", "NaN")),
    "another verdict": answers(verdict="dirty"),
    "no verdict": answers(verdict=None),
    "no summary": answers(summary=" "),
    "a picture that was not shown": answers(seen=[{"frame": 3, "what": "a cloth"}]),
    "a list": says(f"[{TEXT}]"),
    "empty": says(""),
    "nothing": says(None),
    "deeply nested": says("[" * 100_000),
    "a thought without an end": says(f"<think>It could be {TEXT}, or not"),
    "only thoughts": says("<think>not_cleaned</think>"),
}


@pytest.mark.parametrize("played", USABLE.values(), ids=USABLE.keys())
def test_an_answer_in_any_wrapping_is_the_answer(scene: Scene, played: Played) -> None:
    with talking(scene, played) as (vlm, dialect):
        judgement = vlm.judge(make_question())
    assert (judgement.verdict, judgement.confidence) == (Verdict.NOT_CLEANED, 0.8)
    assert judgement.summary == ANSWER["summary"]
    assert judgement.seen == (Sighting(frame=1, what="a person with a phone"),)
    assert len(dialect.asked) == 1


@pytest.mark.parametrize("played", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_is_no_answer_is_asked_about_once_and_never_a_verdict(scene: Scene, played: Played) -> None:
    with talking(scene, played) as (vlm, dialect):
        with pytest.raises(VlmError, match="could not be used, nor the repaired one"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 2


def test_what_the_model_wrote_stands_with_the_failure_in_one_line(scene: Scene) -> None:
    with (
        talking(scene, says("It was\x1b[31m\nwiped, I think. " + "So it was. " * 1000)) as (vlm, _),
        pytest.raises(VlmError, match=r"it wrote: It was \[31m wiped, I think\. So it was\.") as raised,
    ):
        vlm.judge(make_question())
    assert len(str(raised.value)) < 1300
    assert str(raised.value).isprintable()
    with talking(scene, says("")) as (vlm, _), pytest.raises(VlmError, match="it wrote nothing"):
        vlm.judge(make_question())


def test_a_repaired_answer_counts_with_both_requests_kept(scene: Scene) -> None:
    with talking(scene, answers(confidence=80), answers()) as (vlm, dialect):
        judgement = vlm.judge(make_question())
    assert judgement.verdict is Verdict.NOT_CLEANED
    assert (judgement.requests, judgement.input_tokens, judgement.output_tokens) == (2, 2000, 100)
    assert isinstance(judgement.raw, list)
    assert len(judgement.raw) == 2
    repair = dialect.asked[1]["messages"][-1]["content"]
    assert "confidence" in repair
    assert dialect.asked[1]["messages"][: len(dialect.asked[0]["messages"])] == dialect.asked[0]["messages"]


@pytest.mark.parametrize(
    "played",
    [
        says(None, refusal="I can't help with people."),
        says(None, finish_reason="content_filter"),
        says(TEXT, finish_reason="SAFETY"),
        completion({"index": 0, "finish_reason": "content_filter"}),
    ],
    ids=["refusal", "filter", "Gemini's filter", "no message"],
)
def test_a_refusal_is_a_failed_attempt_without_a_second_question(scene: Scene, played: Played) -> None:
    with talking(scene, played) as (vlm, dialect):
        with pytest.raises(VlmError, match="refused"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


@pytest.mark.parametrize("reason", ["abort", "error", "RECITATION", "tool_calls", "load"])
def test_an_end_that_the_model_did_not_come_to_is_no_verdict_whatever_was_said(scene: Scene, reason: str) -> None:
    with talking(scene, says(TEXT, finish_reason=reason)) as (vlm, dialect):
        with pytest.raises(VlmError, match=f"did not come to an end: {reason}"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_an_error_that_calls_itself_a_success_is_trouble(scene: Scene) -> None:
    body = b'{"error":"Unexpected endpoint or method. (POST /chat/completions)"}'
    with (
        talking(scene, Played(body)) as (vlm, _),
        pytest.raises(ServerTrouble, match=r"Unexpected endpoint or method.*check --vlm-url"),
    ):
        vlm.judge(make_question())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"choices": [{"message": {"content": "\xff\xfe"}}]}', "not UTF-8"),
        (b"<html>Bad gateway</html>", "no chat completion"),
        (b'{"choices": []}', "no chat completion: choices"),
        (b"", "no chat completion"),
        (b"null", "no chat completion"),
    ],
)
def test_a_body_that_is_no_completion_is_a_failed_attempt(scene: Scene, body: bytes, reason: str) -> None:
    with talking(scene, Played(body)) as (vlm, dialect):
        with pytest.raises(VlmError, match=reason):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_what_was_thought_counts_as_said_where_the_total_alone_has_it(scene: Scene) -> None:
    usage = {"prompt_tokens": 2000, "completion_tokens": 50, "total_tokens": 2650}
    with talking(scene, completion(CHOICE, usage=usage)) as (vlm, _):
        judgement = vlm.judge(make_question())
    assert (judgement.input_tokens, judgement.output_tokens) == (2000, 650)
    assert judgement.cost == pytest.approx(0.0085)


@pytest.mark.parametrize(
    "usage",
    [None, [], "none", {"prompt_tokens": -1}, {"prompt_tokens": 10**400, "total_tokens": True}, {"total_tokens": 7}],
)
def test_an_answer_is_not_lost_over_what_stands_around_it(scene: Scene, usage: object) -> None:
    with talking(scene, completion(CHOICE, usage=usage, model="m" * 1000)) as (vlm, _):
        judgement = vlm.judge(make_question())
    assert (judgement.verdict, judgement.model) == (Verdict.NOT_CLEANED, "m" * 200)
    assert (judgement.input_tokens, judgement.output_tokens, judgement.cost) == (None, None, None)


@pytest.mark.parametrize(
    ("played", "repeated"),
    [(says("wiped " * 10_000, finish_reason="length"), ("wiped " * 10_000)[:2000]), (says(None), "(nothing)")],
    ids=["for pages", "nothing"],
)
def test_what_is_repeated_to_the_model_is_neither_long_nor_empty(scene: Scene, played: Played, repeated: str) -> None:
    with talking(scene, played, answers()) as (vlm, dialect):
        vlm.judge(make_question())
    assert dialect.asked[1]["messages"][-2] == {"role": "assistant", "content": repeated}


def test_a_server_that_tells_nothing_leaves_nothing_made_up(scene: Scene) -> None:
    body = {"choices": [{"message": {"content": TEXT}}]}
    with talking(scene, Played(json.dumps(body).encode())) as (vlm, _):
        judgement = vlm.judge(make_question())
    assert (judgement.model, judgement.input_tokens, judgement.cost) == (MODEL, None, None)
