"""Questions about the ends of uses: made when their answers matter, and none of them while nobody judges ends.

Invariant: at most one question about an END, and none as long as its session may still be cleaned without it. A
session's row says from when on its answer matters (`SessionRow.end_due_ms`); whoever looks for work then, or the
backend in passing, makes the question in the transaction that sees this, so that it waits, is leased, tried again and
kept like an attempt's from there on.

Whether ends are judged at all is a setting of the database, which the worker that started last has written: from which
instant on. When it is turned off, what waits unasked is taken back; turned on again, it does not ask about the past.
"""

from pydantic_core import from_json
from sqlalchemy import BigInteger, bindparam, cast, delete, func, select, update

from backend_api.contract.events import EventType, has_pictures
from backend_api.contract.verdicts import MmStatus
from backend_api.store.db.settings import KEEP_SETTING, SettingName
from backend_api.store.db.statements import Statement, Transaction
from backend_api.store.db.tables import ChangeKind, enrichments, events, sessions, settings
from backend_api.store.uses.session_row import LATE_ATTEMPT_MS
from backend_api.store.uses.sessions import add_questions, follow_verdicts

# Beyond all times: ends are not judged.
NEVER_MS = 2**62
# So many at once: other writers wait meanwhile.
QUESTIONS_A_WRITE = 100

_NAME = SettingName.ENDS_JUDGED_FROM_MS.value
_SET = select(cast(settings.c.value, BigInteger)).where(settings.c.name == _NAME).scalar_subquery()
# When the first of them is to be asked about, at the parameter `until_ms`.
JUDGED_FROM_MS = func.coalesce(_SET, 0)
_IS_DUE = (sessions.c.end_due_ms >= JUDGED_FROM_MS, sessions.c.end_due_ms <= bindparam("until_ms"))
ANY_DUE = select(sessions.c.seq).where(*_IS_DUE).limit(1)
_DUE = Statement(
    select(events.c.seq, events.c.ts_ms, events.c.body)
    .select_from(sessions.join(events, events.c.seq == sessions.c.end_seq))
    .where(*_IS_DUE)
    .order_by(sessions.c.end_due_ms, sessions.c.seq)
    .limit(QUESTIONS_A_WRITE)
    # What another process asks about just now is left to it.
    .with_for_update(of=sessions, skip_locked=True)
)
_FROM = Statement(select(JUDGED_FROM_MS))
_WAITS_ABOUT_AN_END = (
    enrichments.c.status == MmStatus.PENDING.value,
    enrichments.c.seq.in_(
        select(events.c.seq).where(
            events.c.seq == enrichments.c.seq, events.c.event_type == EventType.MACHINE_OCCUPIED_END.value
        )
    ),
)
# Nobody has an answer to these, nor works on one.
_UNASKED = Statement(
    delete(enrichments).where(*_WAITS_ABOUT_AN_END, enrichments.c.verdict.is_(None)).returning(enrichments.c.seq)
)
# One that was to be asked again keeps the verdict that it has.
_UNREPEATED = Statement(
    update(enrichments)
    .where(*_WAITS_ABOUT_AN_END, enrichments.c.verdict.is_not(None))
    .values(status=MmStatus.DONE.value, due_ms=None)
    .returning(enrichments.c.seq)
)


def make_due_questions(transaction: Transaction, now_ms: int, *, awaits_late: bool = True) -> int:
    """Make the questions about ends whose answers matter at `now_ms`, QUESTIONS_A_WRITE at most; how many.

    Without `awaits_late` also those of windows that have closed just now, whose attempts may still be on their way.
    """
    until_ms = now_ms if awaits_late else now_ms + LATE_ATTEMPT_MS
    due = _DUE.run(transaction, {"until_ms": until_ms}).fetchall()
    add_questions(
        transaction, [(seq, ts_ms, now_ms, has_pictures(from_json(body)["attributes"])) for seq, ts_ms, body in due]
    )
    follow_verdicts(transaction, ChangeKind.VERDICT, [seq for seq, _, _ in due])
    return len(due)


def set_judging(transaction: Transaction, now_ms: int, *, is_on: bool) -> int:
    """Have the ends of uses judged from now on, or not; how many questions were taken back."""
    [from_ms] = _FROM.run(transaction, {}).fetchone()
    if is_on == (from_ms != NEVER_MS):
        return 0
    value = str(now_ms if is_on else NEVER_MS)
    KEEP_SETTING.run(transaction, {"of_name": _NAME, "new_value": value})
    if is_on:
        return 0
    seqs = [seq for statement in (_UNASKED, _UNREPEATED) for (seq,) in statement.run(transaction, {}).fetchall()]
    follow_verdicts(transaction, ChangeKind.VERDICT, seqs)
    return len(seqs)
