"""The plug point for detection: who is where in one frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_service.video.frame import Frame

LOW_SCORE = 0.1
"""Detectors hand on everybody from this score on: a doubtful box may well be somebody who was seen clearly before."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in the picture: `left` < `right` and `top` < `bottom`, in 0..1 of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One person seen in one frame; `score` is 0..1."""

    box: Box
    score: float


class Detector(Protocol):
    """Finds persons."""

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The persons in `frame`, in a deterministic order; empty when nobody is there."""
        ...
