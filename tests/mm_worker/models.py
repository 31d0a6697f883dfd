"""Models that tests put in the place of the real one."""

from collections.abc import Callable

from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import Judgement, Question, VlmError


class AskedVlm:
    """Does `before` at each question, then answers as the mocked model does; counts the questions."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.questions: list[Question] = []
        self._before = before

    def judge(self, question: Question) -> Judgement:
        self.questions.append(question)
        self._before()
        return MockVlm(123).judge(question)


class FailingVlm:
    def __init__(self, failures: int) -> None:
        self._failures = failures

    def judge(self, question: Question) -> Judgement:
        if self._failures > 0:
            self._failures -= 1
            raise VlmError("the model is not loaded")
        return MockVlm(123).judge(question)
