"""From the command line to a model: the mock unless told otherwise, and a mistake named in one line."""

import random

import pytest

from backend_api.base.process import UsageError
from mm_worker.jobs.setting_up import KEY_VARIABLE, Model, set_up_chat, set_up_model
from mm_worker.options import parse_options
from tests.mm_worker.chat_dialects import answers, speaking
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import Scene

OPENAI = ["--vlm", "openai", "--vlm-url", "http://127.0.0.1:9/v1", "--vlm-model", "m"]


def set_up(scene: Scene, *argv: str) -> Model:
    options = parse_options(argv)
    return set_up_model(options, set_up_chat(options, scene.clock), scene.store, scene.clock, random.Random(7))


def test_the_mock_is_the_default(scene: Scene) -> None:
    model = set_up(scene)
    judgement = model.vlm.judge(make_question())
    assert (judgement.model, judgement.prompt_version) == (model.name, model.prompt_version) == ("mock", "mock-1")


def test_the_key_comes_from_the_environment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.add_attempt()
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    with speaking(answers()) as dialect:
        model = set_up(scene, *OPENAI, "--vlm-url", dialect.url)
        judgement = model.vlm.judge(make_question())
        model.close()
        assert dialect.headers[0]["Authorization"] == "Bearer sk-secret"
    assert (judgement.requested_model, judgement.prompt_version) == (model.name, model.prompt_version)
    assert "sk-secret" not in model.described


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [
        (["--vlm", "openai"], "--vlm-url"),
        (["--vlm", "openai", "--vlm-url", "http://127.0.0.1:9/v1"], "--vlm-model"),
        ([*OPENAI, "--vlm-model", "m" * 201], "--vlm-model"),
        ([*OPENAI, "--vlm-url", "ftp://x"], "is no address"),
        ([*OPENAI, "--vlm-url", "http://me:hidden@127.0.0.1/v1"], KEY_VARIABLE),
        ([*OPENAI, "--prompt", "nowhere-1.md"], "nowhere-1.md"),
        (["--max-cost-per-day", "3"], "--price-input"),
        (["--price-input", "3"], "--price-output"),
        (["--price-input", "-1", "--price-output", "1"], "no amount"),
        (["--max-tokens-per-day", "0"], "no count"),
        (["--concurrency", "x"], "no count"),
        (["--rerun", "x"], "no event's id"),
    ],
)
def test_a_mistake_names_its_flag(scene: Scene, argv: list[str], culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit) as raised:
        set_up(scene, *argv)
    assert "hidden" not in str(raised.value)
