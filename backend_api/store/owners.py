"""The store of what an id names: of an event, a use, an alert."""

from uuid import UUID

from sqlalchemy import Select, select

from backend_api.store.db.database import Database
from backend_api.store.db.tables import events, sessions
from backend_api.store.ledger.tables import alerts


class Owners:
    """All methods may be called from any thread; each gives None when there is nothing of that id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_event(self, event_id: UUID) -> str | None:
        """The store that the event is of."""
        return self._find(select(events.c.store_id).where(events.c.event_id == str(event_id)))

    def of_session(self, session_id: UUID) -> str | None:
        """The store that the use is of, also when its events were removed for their age."""
        return self._find(select(sessions.c.store_id).where(sessions.c.session_id == str(session_id)))

    def of_alert(self, alert_id: int) -> str | None:
        """The store that the alert is of; empty when it is of the whole installation."""
        return self._find(select(alerts.c.store_id).where(alerts.c.id == alert_id))

    def _find(self, query: Select[str]) -> str | None:
        with self._database.read() as connection:
            store_id: str | None = connection.execute(query).scalar()
        return store_id
