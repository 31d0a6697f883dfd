"""A list that is read page by page and stays as it was read until its reader moves on. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from backend_api.contract.sessions import SessionPage
from ui.client.queries import SessionQuery

Fetch = Callable[[SessionQuery, str | None], SessionPage]


@dataclass(frozen=True, slots=True)
class Reading:
    """The page of `query` that is read now, as it was at `read_at`; `cursors` lead to it from the first page."""

    query: SessionQuery
    cursors: tuple[str, ...]
    page: SessionPage
    read_at: datetime

    @classmethod
    def begin(cls, query: SessionQuery, fetch: Fetch, now: datetime) -> Self:
        """Read the first page."""
        return cls(query, (), fetch(query, None), now)

    @property
    def is_first(self) -> bool:
        """Whether nothing newer was read."""
        return not self.cursors

    def older(self, fetch: Fetch, now: datetime) -> "Reading":
        """Read the next page; on the last one this very page."""
        cursor = self.page.next_cursor
        if cursor is None:
            return self
        return Reading(self.query, (*self.cursors, cursor), fetch(self.query, cursor), now)

    def newer(self, fetch: Fetch, now: datetime) -> "Reading":
        """Read the page before; on the first one this very page again."""
        cursors = self.cursors[:-1]
        return Reading(self.query, cursors, fetch(self.query, cursors[-1] if cursors else None), now)
