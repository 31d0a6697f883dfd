"""Every dialect in which a chat server may answer: a verdict when it is exactly that, else a failed attempt."""

import base64
import json
import threading

import pytest

from backend_api.contract_verdicts import Sighting, Verdict
from mm_worker.ledger import Caps, day_start
from mm_worker.vlm import NotAsked, ServerAway, ServerTrouble, VlmError
from tests.mm_worker.chat_dialects import ANSWER, CUT, MODEL, Played, answers, fails, says, speaking
from tests.mm_worker.chat_scene import KEY, PROMPT, asking, talking
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import Scene
from tests.processes import free_port

TEXT = json.dumps(ANSWER)
USABLE = {
    "plain": says(TEXT),
    "with parts": says(TEXT, refusal=None, tool_calls=[]),
    "fenced JSON": says(f"```json\n{TEXT}\n```"),
    "fenced without a language": says(f"  ```\n{json.dumps(ANSWER, indent=2)}\n```\n"),
    "thought before": says(f"<think>Is that a cloth? {{}}</think>\n\n{TEXT}"),
    "reasoning field beside": says(TEXT, reasoning="Is that a cloth?"),
    "answer in the reasoning field": says("", reasoning=TEXT),
    "answer in llama.cpp's reasoning field": says(None, reasoning_content=TEXT),
}
UNUSABLE = {
    "truncated": says(TEXT[:40], finish_reason="length"),
    "truncated behind the object": says(TEXT, finish_reason="length"),
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
    [says(None, refusal="I can't help with people."), says(None, finish_reason="content_filter")],
    ids=["refusal", "filter"],
)
def test_a_refusal_is_a_failed_attempt_without_a_second_question(scene: Scene, played: Played) -> None:
    with talking(scene, played) as (vlm, dialect):
        with pytest.raises(VlmError, match="refused"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


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


def test_a_400_is_asked_in_plainer_formats_and_the_one_that_worked_is_remembered(scene: Scene) -> None:
    with talking(scene, fails(400, "json_schema?"), fails(400, "json_object?"), answers()) as (vlm, dialect):
        assert vlm.judge(make_question()).requests == 3
        assert vlm.judge(make_question()).requests == 1
        assert dialect.formats == ["json_schema", "json_object", None, None]


def test_a_400_to_every_format_is_a_failed_attempt_that_teaches_nothing(scene: Scene) -> None:
    with talking(scene, fails(400, "the picture is too large")) as (vlm, dialect):
        for _ in range(2):
            with pytest.raises(VlmError, match="the picture is too large"):
                vlm.judge(make_question())
        assert dialect.formats == ["json_schema", "json_object", None] * 2


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_a_server_that_turns_everybody_away_has_judged_nothing(scene: Scene, status: int) -> None:
    with talking(scene, fails(status, "later", Retry_After="17")) as (vlm, dialect):
        with pytest.raises(ServerAway, match=f"HTTP {status} later") as raised:
            vlm.judge(make_question())
        assert raised.value.retry_after_s == 17
        assert len(dialect.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 529])
def test_a_server_that_fails_is_in_trouble(scene: Scene, status: int) -> None:
    with talking(scene, fails(status)) as (vlm, dialect):
        with pytest.raises(ServerTrouble) as raised:
            vlm.judge(make_question())
        assert not isinstance(raised.value, ServerAway)
        assert len(dialect.asked) == 1


@pytest.mark.parametrize("status", [302, 413, 422])
def test_other_answers_are_failed_attempts(scene: Scene, status: int) -> None:
    with talking(scene, fails(status, Location="http://127.0.0.1:9/elsewhere")) as (vlm, dialect):
        with pytest.raises(VlmError, match=f"HTTP {status}"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_a_cut_connection_may_have_been_billed_and_is_not_repeated(scene: Scene) -> None:
    with talking(scene, CUT) as (vlm, dialect):
        with pytest.raises(ServerTrouble, match="may have been billed"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1
    assert scene.store.spent(day_start(scene.clock.now())).calls == 1


def test_an_answer_that_breaks_off_is_not_repeated(scene: Scene) -> None:
    with talking(scene, Played(b'{"choices"', promised_bytes=5000)) as (vlm, dialect):
        with pytest.raises(ServerTrouble, match="billed"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_a_server_that_is_too_slow_is_in_trouble(scene: Scene) -> None:
    done = threading.Event()
    with speaking(Played(answers().body, after=done.wait)) as dialect, asking(scene, dialect.url, total_s=0.2) as vlm:
        with pytest.raises(ServerTrouble, match=r"no answer within 0\.2 s"):
            vlm.judge(make_question())
        done.set()
        assert len(dialect.asked) == 1


def test_a_server_that_is_not_there_was_not_asked(scene: Scene) -> None:
    with (
        asking(scene, f"http://127.0.0.1:{free_port()}/v1") as vlm,
        pytest.raises(ServerAway, match="connection refused"),
    ):
        vlm.judge(make_question())


def test_the_question_names_each_picture_in_the_order_of_time(scene: Scene) -> None:
    question = make_question(frames=3)
    with talking(scene, answers()) as (vlm, dialect):
        vlm.judge(question)
    [body] = dialect.asked
    assert (body["path"], body["model"], body["stream"]) == ("/v1/chat/completions", MODEL, False)
    parts = body["messages"][-1]["content"]
    assert "treadmill_01" in parts[0]["text"]
    assert [part["text"][:20] for part in parts[1::2]] == [
        f"Picture {n}, at {s} s," for n, s in ((1, "0.0"), (2, "0.5"), (3, "1.0"))
    ]
    sent = [base64.b64decode(part["image_url"]["url"].removeprefix("data:image/jpeg;base64,")) for part in parts[2::2]]
    assert sent == [picture.jpeg for picture in question.pictures]


def test_the_result_says_who_was_asked_what_and_what_it_took(scene: Scene) -> None:
    with talking(scene, answers()) as (vlm, dialect):
        judgement = vlm.judge(make_question())
        assert judgement.server == dialect.url
    assert (judgement.requested_model, judgement.model) == (MODEL, f"{MODEL}-q4")
    assert (judgement.prompt_version, judgement.prompt_sha256) == (PROMPT.version, PROMPT.sha256)
    assert (judgement.input_tokens, judgement.output_tokens, judgement.requests) == (1000, 50, 1)
    assert judgement.cost == pytest.approx(0.0015)
    assert judgement.raw == json.loads(answers().body or b"")
    spent = scene.store.spent(day_start(scene.clock.now()))
    assert (spent.calls, spent.tokens) == (1, 1050)
    assert spent.cost == pytest.approx(0.0015)


def test_a_server_that_tells_nothing_leaves_nothing_made_up(scene: Scene) -> None:
    body = {"choices": [{"message": {"content": TEXT}}]}
    with talking(scene, Played(json.dumps(body).encode())) as (vlm, _):
        judgement = vlm.judge(make_question())
    assert (judgement.model, judgement.input_tokens, judgement.cost) == (MODEL, None, None)


def test_the_key_is_in_the_header_and_nowhere_else(scene: Scene) -> None:
    with talking(scene, fails(401, f"{KEY} is wrong")) as (vlm, dialect):
        with pytest.raises(ServerAway) as raised:
            vlm.judge(make_question())
        assert KEY not in str(raised.value)
        assert dialect.headers[0]["Authorization"] == f"Bearer {KEY}"
    echo = json.dumps({**json.loads(answers().body or b""), "debug": f"Bearer {KEY}"}).encode()
    with talking(scene, Played(echo)) as (vlm, _):
        assert KEY not in vlm.judge(make_question()).model_dump_json()


def test_without_a_key_none_is_sent(scene: Scene) -> None:
    with speaking(answers()) as dialect, asking(scene, dialect.url, key=None) as vlm:
        vlm.judge(make_question())
    assert "Authorization" not in dialect.headers[0]


def test_beyond_a_cap_nothing_is_sent(scene: Scene) -> None:
    with speaking(answers()) as dialect, asking(scene, dialect.url, Caps(calls=1)) as vlm:
        vlm.judge(make_question())
        with pytest.raises(NotAsked, match="daily cap of 1 calls is reached"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_a_cap_that_ends_the_repair_leaves_a_failed_attempt(scene: Scene) -> None:
    with speaking(says("?")) as dialect, asking(scene, dialect.url, Caps(calls=1)) as vlm:
        with pytest.raises(VlmError, match="not asked again: the daily cap") as raised:
            vlm.judge(make_question())
        assert not isinstance(raised.value, NotAsked)
        assert len(dialect.asked) == 1
