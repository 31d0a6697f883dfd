"""The plug point for the vision-language model: the question about one event, and its answer."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt

from backend_api.contract.events import Event
from backend_api.contract.values import Confidence, Sha256, Value
from backend_api.contract.verdicts import Sighting, Verdict
from mm_worker.frames.pictures import Picture


class VlmError(Exception):
    """The model gave no usable answer: a failed attempt, never a verdict.

    `retry_after_s` is how long its server wants to be left alone, None when it did not say.
    """

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class NotAsked(VlmError):
    """The question was not put, for a reason that lies in no event, such as a daily cap: it counts as no attempt."""


class ServerTrouble(VlmError):
    """The server failed, or did not answer in time: others should not be asked of it at the same rate."""


class Unanswered(ServerTrouble):
    """The question was put and no whole answer came: nobody knows whether it was worked on, and billed."""


class ServerAway(ServerTrouble):
    """The server cannot be reached or turns everybody away, so nothing was judged: it counts as no attempt."""


class NotReached(ServerAway):
    """No connection came about, so the server does not even know of the question: it counts as no request either."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Was the machine wiped? By this attempt, or, of a MACHINE_OCCUPIED_END, before it was left.

    At least one picture, as make_pictures gives them.
    """

    event: Event
    pictures: tuple[Picture, ...]


class Judgement(Value):
    """A model's answer; `prompt_version` names the wording of the question, `raw` is the reply as it came.

    `seen` counts the pictures from 1. A fact that the model did not tell is None.
    """

    verdict: Verdict
    confidence: Confidence
    summary: str = Field(min_length=1, max_length=2000)
    seen: tuple[Sighting, ...] = ()
    model: str = Field(min_length=1, max_length=200)
    requested_model: str | None = None
    server: str | None = None
    prompt_version: str = Field(min_length=1, max_length=200)
    prompt_sha256: Sha256 | None = None
    requests: NonNegativeInt | None = None
    input_tokens: NonNegativeInt | None = None
    output_tokens: NonNegativeInt | None = None
    cost: NonNegativeFloat | None = None
    raw: JsonValue


class Vlm(Protocol):
    """Judges cleaning attempts and ends of uses; may be asked from several threads at once."""

    def judge(self, question: Question) -> Judgement:
        """The answer to `question`. Raises VlmError when there is no usable answer."""
        ...
