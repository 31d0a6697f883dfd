"""The outcome of each session at an instant, in SQL: one expression for lists and for filters.

Most outcomes follow from the session's row alone, whose `outcome_key` has an index. Two do not: to be in use, and to
have an open window. But only the last session of a machine can, so both are looked for among these (`machines` has
their numbers).
"""

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, literal, not_, tuple_

from backend_api.contract.sessions import SessionOutcome
from backend_api.store.db.tables import sessions
from backend_api.store.uses.session_row import NO_USE, OPENED, UNOPENED

ONLY_OF_THE_LAST = frozenset({SessionOutcome.IN_USE, SessionOutcome.WINDOW_OPEN})
# Where to look for outcomes that follow from the key and the time; every other one is a key of its own.
TIMED = {SessionOutcome.NO_WINDOW: UNOPENED, SessionOutcome.NOT_ATTEMPTED: OPENED}
_PLACE = ("store_id", "camera_id", "machine_id")


def outcome_key_of(outcome: SessionOutcome) -> str:
    """The `outcome_key` of sessions with `outcome`, unless it is ONLY_OF_THE_LAST."""
    return TIMED.get(outcome, outcome.value)


def _outcome() -> ColumnElement[str]:
    # A use that was none ends no other one's window.
    later = sessions.alias("later")
    is_followed = exists().where(
        *(later.c[name] == sessions.c[name] for name in _PLACE),
        tuple_(later.c.ts_ms, later.c.seq) > tuple_(sessions.c.ts_ms, sessions.c.seq),
        later.c.outcome_key != NO_USE,
    )
    return case(
        (sessions.c.outcome_key.not_in([UNOPENED, OPENED]), sessions.c.outcome_key),
        (
            sessions.c.outcome_key == UNOPENED,
            case(
                (and_(sessions.c.ended_ms.is_(None), not_(is_followed)), literal(SessionOutcome.IN_USE.value)),
                else_=SessionOutcome.NO_WINDOW.value,
            ),
        ),
        (
            and_(sessions.c.closes_ms > bindparam("now_ms"), not_(is_followed)),
            literal(SessionOutcome.WINDOW_OPEN.value),
        ),
        else_=SessionOutcome.NOT_ATTEMPTED.value,
    )


# Of a row of `sessions`, at the parameter `now_ms`, milliseconds since 1970.
OUTCOME = _outcome()
