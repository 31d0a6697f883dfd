"""How the chat client treats its server: formats, errors, what is sent, and what is never sent twice."""

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from backend_api.contract.events import ClipInfo, EventType
from mm_worker.vlm.budget import Caps, day_start
from mm_worker.vlm.vlm import NotAsked, ServerAway, ServerTrouble, VlmError
from tests.backend_api.events import START, make_event
from tests.mm_worker.chat_dialects import CUT, MODEL, Played, answers, fails, says, speaking
from tests.mm_worker.chat_scene import KEY, PROMPT, PROMPTS, asking, talking
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import GUARD_S, Scene
from tests.processes import free_port


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_format_is_asked_for_plainer_and_what_worked_is_remembered(scene: Scene, status: int) -> None:
    with talking(scene, fails(status, "json_schema?"), fails(status, "json_object?"), answers()) as (vlm, dialect):
        assert vlm.judge(make_question()).requests == 3
        assert vlm.judge(make_question()).requests == 1
        assert dialect.formats == ["json_schema", "json_object", None, None]


def test_a_400_to_every_format_is_a_failed_attempt_that_teaches_nothing(scene: Scene) -> None:
    with talking(scene, fails(400, "the picture is too large")) as (vlm, dialect):
        for _ in range(2):
            with pytest.raises(VlmError, match="the picture is too large"):
                vlm.judge(make_question())
        assert dialect.formats == ["json_schema", "json_object", None] * 2


@pytest.mark.parametrize("status", [302, 401, 402, 403, 404, 405, 413, 429, 503])
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


@pytest.mark.parametrize("status", [409, 415])
def test_other_answers_are_failed_attempts(scene: Scene, status: int) -> None:
    with talking(scene, fails(status)) as (vlm, dialect):
        with pytest.raises(VlmError, match=f"HTTP {status}") as raised:
            vlm.judge(make_question())
        assert not isinstance(raised.value, ServerTrouble)
        assert len(dialect.asked) == 1


def test_another_address_is_not_followed(scene: Scene) -> None:
    with talking(scene, fails(307, Location="/v1/chat/completions"), answers()) as (vlm, dialect):
        with pytest.raises(ServerAway, match="check --vlm-url: the server is somewhere else"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_a_cut_connection_may_have_been_billed_and_is_not_repeated(scene: Scene) -> None:
    with talking(scene, CUT) as (vlm, dialect):
        with pytest.raises(ServerTrouble, match="may have been billed"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1
    assert scene.store.calls.spent(day_start(scene.clock.now())).calls == 1


def test_an_answer_that_breaks_off_is_not_repeated(scene: Scene) -> None:
    with talking(scene, Played(b'{"choices"', promised_bytes=5000)) as (vlm, dialect):
        with pytest.raises(ServerTrouble, match="billed"):
            vlm.judge(make_question())
        assert len(dialect.asked) == 1


def test_a_server_that_is_too_slow_is_in_trouble(scene: Scene) -> None:
    asked, done = threading.Event(), threading.Event()

    def think() -> None:
        asked.set()
        done.wait()

    with speaking(Played(answers().body, after=think)) as dialect, asking(scene, dialect.url, total_s=0.2) as vlm:
        with pytest.raises(ServerTrouble, match=r"no answer within 0\.2 s"):
            vlm.judge(make_question())
        # The question may come when it has been given up already, but it comes.
        assert asked.wait(GUARD_S)
        done.set()
        assert len(dialect.asked) == 1


def test_a_server_that_is_not_there_was_not_asked_and_takes_nothing_of_the_day(scene: Scene) -> None:
    with asking(scene, f"http://127.0.0.1:{free_port()}/v1", Caps(calls=1)) as vlm:
        for _ in range(3):
            with pytest.raises(ServerAway, match="connection refused"):
                vlm.judge(make_question())
    assert scene.store.calls.spent(day_start(scene.clock.now())).calls == 0


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


def test_the_end_of_a_use_is_asked_about_in_words_of_its_own(scene: Scene) -> None:
    begins = START - timedelta(seconds=15)
    clip = ClipInfo(start_ts=begins, end_ts=START, codec="h264", width=64, height=48, bytes=1, sha256="0" * 64)
    end = make_event(event_type=EventType.MACHINE_OCCUPIED_END, clip=clip)
    scene.store.events.add([end])
    with talking(scene, answers(), answers()) as (vlm, dialect):
        of_end = vlm.judge(replace(make_question(), event=end))
        of_attempt = vlm.judge(make_question())
    text = dialect.asked[0]["messages"][-1]["content"][0]["text"]
    assert "left it at about 15.0 s" in text
    assert "before leaving it?" in text
    assert "{" not in text.partition("Answer with one JSON")[0]
    assert (of_end.prompt_version, of_end.prompt_sha256) == (PROMPTS.end.version, PROMPTS.end.sha256)
    assert of_attempt.prompt_version == PROMPTS.attempt.version != of_end.prompt_version


@pytest.mark.parametrize(("begins_s", "came"), [(-3.25, "at about 3.2 s"), (1.0, "at about 0.0 s")])
def test_the_question_says_when_somebody_came(scene: Scene, begins_s: float, came: str) -> None:
    begins = START + timedelta(seconds=begins_s)
    clip = ClipInfo(start_ts=begins, end_ts=begins, codec="h264", width=64, height=48, bytes=1, sha256="0" * 64)
    question = replace(make_question(), event=make_event(clip=clip))
    with talking(scene, answers()) as (vlm, dialect):
        vlm.judge(question)
    assert came in dialect.asked[0]["messages"][-1]["content"][0]["text"]


def test_the_result_says_who_was_asked_what_and_what_it_took(scene: Scene) -> None:
    with talking(scene, answers()) as (vlm, dialect):
        judgement = vlm.judge(make_question())
        assert judgement.server == dialect.url
    assert (judgement.requested_model, judgement.model) == (MODEL, f"{MODEL}-q4")
    assert (judgement.prompt_version, judgement.prompt_sha256) == (PROMPT.version, PROMPT.sha256)
    assert (judgement.input_tokens, judgement.output_tokens, judgement.requests) == (1000, 50, 1)
    assert judgement.cost == pytest.approx(0.0015)
    assert judgement.raw == json.loads(answers().body or b"")
    spent = scene.store.calls.spent(day_start(scene.clock.now()))
    assert (spent.calls, spent.tokens) == (1, 1050)
    assert spent.cost == pytest.approx(0.0015)


def test_a_short_key_is_no_secret_and_is_left_in_what_the_server_says(scene: Scene) -> None:
    with speaking(answers()) as dialect, asking(scene, dialect.url, key="0") as vlm:
        assert vlm.judge(make_question()).confidence == 0.8


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
