"""The plug point for the vision-language model: what is asked about one cleaning attempt, and what is answered."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field, JsonValue

from backend_api.contract import Confidence, Event, Value, Verdict

Image = npt.NDArray[np.uint8]


class VlmError(Exception):
    """The model gave no usable answer (unreachable, timed out, not understood): a failed attempt, never a verdict."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One picture of a clip: `time_s` is seconds from the clip's start, `image` is height x width x 3, uint8, BGR."""

    time_s: float
    image: Image


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Was the machine of this cleaning attempt wiped? `frames` are in the order of time, at least one."""

    event: Event
    frames: tuple[ClipFrame, ...]


class Judgement(Value):
    """A model's answer; `prompt_version` names the wording of the question, `raw` is the reply as it came."""

    verdict: Verdict
    confidence: Confidence
    summary: str = Field(min_length=1, max_length=2000)
    model: str = Field(min_length=1, max_length=200)
    prompt_version: str = Field(min_length=1, max_length=200)
    raw: JsonValue


class Vlm(Protocol):
    """Judges cleaning attempts."""

    def judge(self, question: Question) -> Judgement:
        """The answer to `question`; leaves its pictures as they are. Raises VlmError when there is no usable answer."""
        ...
