"""What can be read besides the events themselves: sessions, machines, figures."""

from backend_api.database import Database
from backend_api.sessions import SessionPage, SessionQuery, read_sessions


class Reading:
    """All methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page of the sessions that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_sessions(connection, query)
