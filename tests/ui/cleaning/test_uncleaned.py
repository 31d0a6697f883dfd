"""A list that stays as it was read, however much is added behind it."""

from datetime import timedelta

from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import Session, SessionPage
from tests.ui.made_up import NOON, make_session
from ui.cleaning.uncleaned import PagedSessions

QUERY = SessionQuery()
LATER = NOON + timedelta(minutes=5)


class Shelf:
    """Sessions, the newest first, two a page; a cursor is the id of the page's last one."""

    def __init__(self, *sessions: Session) -> None:
        self.sessions = list(sessions)

    def __call__(self, query: SessionQuery) -> SessionPage:
        cursor = query.cursor
        begin = 1 + [str(item.session_id) for item in self.sessions].index(cursor) if cursor else 0
        items = self.sessions[begin : begin + 2]
        more = begin + 2 < len(self.sessions)
        return SessionPage(items=items, next_cursor=str(items[-1].session_id) if more else None)


def made(count: int) -> list[Session]:
    return [make_session(NOON - timedelta(hours=number)) for number in range(count)]


def test_there_and_back() -> None:
    sessions = made(5)
    shelf = Shelf(*sessions)
    first = PagedSessions.begin(QUERY, shelf, NOON)
    second = first.older(shelf, LATER)
    third = second.older(shelf, LATER)
    assert [paged.page.items for paged in (first, second, third)] == [sessions[:2], sessions[2:4], sessions[4:]]
    assert (first.is_first, second.is_first, second.read_at) == (True, False, LATER)
    assert third.older(shelf, LATER) is third
    assert third.newer(shelf, LATER).page == second.page
    assert second.newer(shelf, LATER).page == first.page


def test_what_is_new_shows_up_only_when_it_is_asked_for() -> None:
    shelf = Shelf(*made(3))
    first = PagedSessions.begin(QUERY, shelf, NOON)
    shelf.sessions.insert(0, make_session(NOON + timedelta(hours=1)))
    second = first.older(shelf, LATER)
    assert second.page.items == [made(3)[2]]
    again = second.newer(shelf, LATER).newer(shelf, LATER)
    assert again.page.items[0] == shelf.sessions[0]
    assert again.is_first


def test_nothing_is_one_empty_page() -> None:
    empty = PagedSessions.begin(QUERY, Shelf(), NOON)
    assert (empty.page.items, empty.is_first) == ([], True)
    assert empty.older(Shelf(), LATER) is empty
