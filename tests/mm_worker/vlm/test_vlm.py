"""The contract that every model keeps, whichever one a worker is told to use."""

from collections.abc import Iterator

import pytest

from backend_api.contract.verdicts import MmResult
from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import Vlm
from tests.mm_worker.chat_dialects import answers
from tests.mm_worker.chat_scene import talking
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import Scene


@pytest.fixture(params=["mock", "openai"])
def vlm(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Vlm]:
    if request.param == "mock":
        yield MockVlm(seed=123)
        return
    with talking(scene, answers()) as (made, _):
        yield made


@pytest.mark.parametrize("frames", [1, 8])
def test_an_answer_becomes_a_result_that_survives_the_wire(vlm: Vlm, frames: int) -> None:
    question = make_question(frames=frames)
    judgement = vlm.judge(question)
    times_s = tuple(picture.time_s for picture in question.pictures)
    result = MmResult(**judgement.model_dump(), frame_times_s=times_s, latency_ms=1.0)
    assert MmResult.model_validate_json(result.model_dump_json()) == result
    assert result.summary.strip()


def test_every_answer_names_the_same_model_and_prompt(vlm: Vlm) -> None:
    named = {(answer.model, answer.prompt_version) for answer in (vlm.judge(make_question(at_s)) for at_s in (1, 2, 3))}
    assert len(named) == 1
