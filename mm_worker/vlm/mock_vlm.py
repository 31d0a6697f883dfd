"""The mocked model: a plausible verdict that is a pure function of the seed and the event's id."""

import hashlib
from uuid import UUID

from backend_api.contract.events import EventType
from backend_api.contract.verdicts import MOCK_MODEL, Verdict
from mm_worker.vlm.vlm import Judgement, Question

MODEL = MOCK_MODEL
PROMPT_VERSION = "mock-1"
END_PROMPT_VERSION = "mock-end-1"

# Cumulative shares: most attempts that the rules notice are wipes, and a tenth cannot be told from the pictures.
_SHARES = ((0.7, Verdict.CLEANED), (0.9, Verdict.NOT_CLEANED), (1.0, Verdict.CANNOT_TELL))
# Of those who are not found to have wiped afterwards, some have wiped before they left.
_END_SHARES = ((0.4, Verdict.CLEANED), (0.9, Verdict.NOT_CLEANED), (1.0, Verdict.CANNOT_TELL))
_CONFIDENCE_RANGE = {
    Verdict.CLEANED: (0.75, 0.98),
    Verdict.NOT_CLEANED: (0.65, 0.95),
    Verdict.CANNOT_TELL: (0.30, 0.60),
}
_SUMMARIES: dict[Verdict, tuple[str, ...]] = {
    Verdict.CLEANED: (
        "A person comes back with a cloth and wipes the handles and the display.",
        "Someone sprays the machine and wipes it down from top to bottom.",
        "A person wipes the seat and the grips with a paper towel, then walks away.",
        "The person who used the machine takes a wipe and goes over all that they touched.",
    ),
    Verdict.NOT_CLEANED: (
        "A person stands at the machine and looks at a phone; nothing is wiped.",
        "Someone picks up a bottle that was left behind and goes.",
        "A person leans on the machine and talks to somebody; no cloth is to be seen.",
        "Someone adjusts the machine and walks off without touching a cloth.",
    ),
    Verdict.CANNOT_TELL: (
        "The person's back hides the machine, so the hands cannot be seen.",
        "Somebody stands close to the machine, but another person is in the way.",
        "The movement could be wiping, yet the pictures are too blurred to tell.",
    ),
}
_END_SUMMARIES: dict[Verdict, tuple[str, ...]] = {
    Verdict.CLEANED: (
        "The person stops, takes the towel and wipes the handles before stepping off.",
        "Before leaving, the person sprays the machine and wipes the seat.",
        "The person wipes the display and the grips with a paper towel, then steps down.",
    ),
    Verdict.NOT_CLEANED: (
        "The person stops, takes a bottle and leaves; nothing is wiped.",
        "The person steps off with the towel around the neck and walks away.",
        "The person finishes, looks at the display and goes.",
    ),
    Verdict.CANNOT_TELL: (
        "The person's back hides the hands until they leave.",
        "Another person stands in front of the machine while this one leaves it.",
    ),
}


class MockVlm:
    """Answers without looking at the pictures; the same seed and event id always give the same answer."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def judge(self, question: Question) -> Judgement:
        """The answer to `question`; never raises VlmError."""
        verdict_draw, confidence_draw, summary_draw = _draws(self._seed, question.event.event_id)
        is_end = question.event.event_type is EventType.MACHINE_OCCUPIED_END
        shares, all_summaries = (_END_SHARES, _END_SUMMARIES) if is_end else (_SHARES, _SUMMARIES)
        verdict = next(verdict for share, verdict in shares if verdict_draw < share)
        low, high = _CONFIDENCE_RANGE[verdict]
        confidence = round(low + (high - low) * confidence_draw, 2)
        summaries = all_summaries[verdict]
        summary = summaries[int(summary_draw * len(summaries))]
        return Judgement(
            verdict=verdict,
            confidence=confidence,
            summary=summary,
            model=MODEL,
            prompt_version=END_PROMPT_VERSION if is_end else PROMPT_VERSION,
            raw={"verdict": verdict.value, "confidence": confidence, "summary": summary},
        )


def _draws(seed: int, event_id: UUID) -> tuple[float, float, float]:
    """Three independent numbers, uniform in 0 <= x < 1, from a hash: the same on every machine and Python version."""
    digest = hashlib.sha256(f"{seed}|{event_id}".encode()).digest()
    first, second, third = (int.from_bytes(digest[at : at + 6]) / 2**48 for at in (0, 6, 12))
    return first, second, third
