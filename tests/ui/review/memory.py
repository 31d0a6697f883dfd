"""Sessions in memory, page by page, as the backend answers them."""

from collections.abc import Sequence
from datetime import timedelta

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Session, SessionOutcome, SessionPage
from backend_api.contract.verdicts import Verdict
from tests.ui.made_up import NOON, make_session


class Memory:
    """What there is; change `held` at will. `calls` are the queries that were asked."""

    def __init__(self, held: Sequence[Session]) -> None:
        self.held = list(held)
        self.calls: list[SessionQuery] = []

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page, newest first; a cursor is the id of the page before's last session."""
        self.calls.append(query)
        wanted = sorted((row for row in self.held if _matches(row, query)), key=_order)[::-1]
        begin = 0 if query.cursor is None else [str(row.session_id) for row in wanted].index(query.cursor) + 1
        items = wanted[begin : begin + query.limit]
        more = begin + len(items) < len(wanted)
        return SessionPage(items=items, next_cursor=str(items[-1].session_id) if more else None)

    def replace(self, session: Session, **changes: object) -> Session:
        """Change fields of a session that is held."""
        changed = session.model_copy(update=changes)
        self.held[[row.session_id for row in self.held].index(session.session_id)] = changed
        return changed


def some(count: int, *, first: int = 0, **overrides: object) -> list[Session]:
    """Sessions that were judged, a minute apart, the oldest first; nobody has reviewed them."""
    fields = {"outcome": SessionOutcome.CLEANED, "verdict": Verdict.CLEANED} | overrides
    return [make_session(NOON + timedelta(minutes=first + number), **fields) for number in range(count)]


def ids(sessions: Sequence[Session]) -> list[str]:
    """The ids of sessions, in their order."""
    return [str(session.session_id) for session in sessions]


def _order(session: Session) -> tuple[object, str]:
    return session.started_at, str(session.session_id)


def _matches(session: Session, query: SessionQuery) -> bool:
    return (
        (not query.session_id or session.session_id in query.session_id)
        and (not query.outcome or session.outcome in query.outcome)
        and (query.reviewed is None or (session.review is not None) is query.reviewed)
    )
