"""What two verdicts on one session make of it: on its attempt, and on the end of its use."""

import pytest

from backend_api.contract.events import EventType
from backend_api.store.uses.session_row import EventFacts, VerdictFacts, session_of

KINDS = list(EventType)


def arrived(seq: int, kind: EventType) -> EventFacts:
    """An event of a use that was left, and whose window closes after a minute."""
    closes_ms = 60_000 if kind is EventType.CLEANING_WINDOW_OPEN else None
    reason = "left" if kind is EventType.MACHINE_OCCUPIED_END else None
    return EventFacts(seq, kind.value, "gym", "cam", "bike", "session", 1000 * seq, 1000 * seq, reason, closes_ms)


# From the attempt and the END that is asked about, each by what is known of it, to the outcome and who decides it.
NONE, DEAD, UNASKED = "none", "dead", "unasked"
OUTCOMES = {
    (NONE, NONE): ("opened", None),
    (NONE, "waiting"): ("waiting", "end"),
    (NONE, DEAD): ("failed", "end"),
    (NONE, "cleaned"): ("cleaned", "end"),
    (NONE, "not_cleaned"): ("opened", "end"),
    (NONE, "cannot_tell"): ("cannot_tell", "end"),
    (NONE, UNASKED): ("opened", None),
    (UNASKED, NONE): ("not_judged", "attempt"),
    (UNASKED, UNASKED): ("not_judged", "attempt"),
    (UNASKED, "waiting"): ("waiting", "end"),
    (UNASKED, DEAD): ("failed", "end"),
    (UNASKED, "cleaned"): ("cleaned", "end"),
    (UNASKED, "not_cleaned"): ("not_judged", "attempt"),
    (UNASKED, "cannot_tell"): ("not_judged", "attempt"),
    ("cleaned", UNASKED): ("cleaned", "attempt"),
    ("not_cleaned", UNASKED): ("not_cleaned", "attempt"),
    ("waiting", NONE): ("waiting", "attempt"),
    ("waiting", "waiting"): ("waiting", "attempt"),
    ("waiting", DEAD): ("waiting", "attempt"),
    ("waiting", "cleaned"): ("cleaned", "end"),
    ("waiting", "not_cleaned"): ("waiting", "attempt"),
    ("waiting", "cannot_tell"): ("waiting", "attempt"),
    (DEAD, NONE): ("failed", "attempt"),
    (DEAD, "waiting"): ("waiting", "end"),
    (DEAD, DEAD): ("failed", "attempt"),
    (DEAD, "cleaned"): ("cleaned", "end"),
    (DEAD, "not_cleaned"): ("failed", "attempt"),
    (DEAD, "cannot_tell"): ("failed", "attempt"),
    ("cleaned", NONE): ("cleaned", "attempt"),
    ("cleaned", "waiting"): ("cleaned", "attempt"),
    ("cleaned", DEAD): ("cleaned", "attempt"),
    ("cleaned", "cleaned"): ("cleaned", "attempt"),
    ("cleaned", "not_cleaned"): ("cleaned", "attempt"),
    ("cleaned", "cannot_tell"): ("cleaned", "attempt"),
    ("not_cleaned", NONE): ("not_cleaned", "attempt"),
    ("not_cleaned", "waiting"): ("waiting", "end"),
    ("not_cleaned", DEAD): ("failed", "end"),
    ("not_cleaned", "cleaned"): ("cleaned", "end"),
    ("not_cleaned", "not_cleaned"): ("not_cleaned", "attempt"),
    ("not_cleaned", "cannot_tell"): ("cannot_tell", "end"),
    ("cannot_tell", NONE): ("cannot_tell", "attempt"),
    ("cannot_tell", "waiting"): ("waiting", "end"),
    ("cannot_tell", DEAD): ("failed", "end"),
    ("cannot_tell", "cleaned"): ("cleaned", "end"),
    ("cannot_tell", "not_cleaned"): ("cannot_tell", "attempt"),
    ("cannot_tell", "cannot_tell"): ("cannot_tell", "attempt"),
}


def said_of(known: str) -> VerdictFacts:
    verdict = None if known in ("waiting", DEAD, UNASKED) else known
    return VerdictFacts(verdict, is_dead=known == DEAD, agree=None, reviewed_verdict=None, is_unasked=known == UNASKED)


@pytest.mark.parametrize(("attempt", "end"), OUTCOMES)
def test_one_cleaned_is_enough_and_nothing_unknown_becomes_not_cleaned(attempt: str, end: str) -> None:
    kinds = KINDS if attempt != NONE else KINDS[:3]
    came = [arrived(seq, kind) for seq, kind in enumerate(kinds, start=1)]
    said = {} if attempt == NONE else {4: said_of(attempt)}
    row = session_of(came, said if end == NONE else said | {2: said_of(end)})
    key, decides = OUTCOMES[attempt, end]
    assert (row.outcome_key, row.judged_seq) == (key, {None: None, "attempt": 4, "end": 2}[decides])
    matters = attempt == NONE or attempt in (DEAD, "not_cleaned", "cannot_tell")
    assert (row.end_due_ms is not None) == (matters and end == NONE)
