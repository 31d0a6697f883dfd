"""What can be read besides the events themselves: sessions, machines, figures, and everything that changes."""

from backend_api.base.clock import Clock
from backend_api.base.instants import to_ms
from backend_api.contract.queries import MachineQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import Stats
from backend_api.reports.machines import read_machines
from backend_api.reports.session_rows import PictureUrl, no_picture
from backend_api.reports.sessions import read_sessions
from backend_api.reports.stats import read_stats
from backend_api.store.cameras import read_cameras
from backend_api.store.changes import Change, log_cameras, newest_change, read_changes, unlogged
from backend_api.store.database import Database


class Reading:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def sessions(self, query: SessionQuery, picture_url: PictureUrl = no_picture) -> SessionPage:
        """One page of the sessions that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_sessions(connection, query, to_ms(self._clock.now()), picture_url)

    def machines(self, query: MachineQuery, picture_url: PictureUrl = no_picture) -> MachineList:
        """Each machine that `query` lets through, as it is now."""
        with self._database.read() as connection:
            return read_machines(connection, query, self._clock.now(), picture_url)

    def stats(self, query: StatsQuery) -> Stats:
        """The figures that `query` asks for."""
        with self._database.read() as connection:
            return read_stats(connection, query, self._clock.now())

    def newest_change(self) -> int:
        """The id of the last change; 0 when there is none."""
        with self._database.read() as connection:
            return newest_change(connection)

    def changes(self, after: int, most: int) -> list[Change]:
        """Up to `most` changes behind the id `after`, the oldest first."""
        with self._database.read() as connection:
            return read_changes(connection, after, most)

    def log_cameras(self) -> None:
        """Log which cameras have come to be up, late or gone since this was last asked, here or before a restart."""
        with self._database.read() as connection:
            states = read_cameras(connection, self._clock.now())
            changed = unlogged(connection, states)
        if changed:
            with self._database.write() as writing:
                log_cameras(writing, changed)
