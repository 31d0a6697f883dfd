"""The reports: what the events add up to, as sessions, machines and figures."""

from backend_api.base.instants import to_ms
from backend_api.contract.queries import MachineQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import AgreementList, Stats
from backend_api.reports.agreement import ModelScore, read_scores
from backend_api.reports.machines import read_machines
from backend_api.reports.sessions import PictureUrl, no_picture, read_sessions
from backend_api.reports.stats import read_stats
from backend_api.store.store import Store


class Reports:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._clock = store.clock

    def sessions(self, query: SessionQuery, picture_url: PictureUrl = no_picture) -> SessionPage:
        """One page of the sessions that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_sessions(connection, query, to_ms(self._clock.now()), picture_url)

    def machines(self, query: MachineQuery, picture_url: PictureUrl = no_picture) -> MachineList:
        """Each machine that `query` lets through, as it is now."""
        with self._database.read() as connection:
            return read_machines(connection, query, self._clock.now(), picture_url)

    def agreement(self) -> AgreementList:
        """How far people agree with each model and prompt that judged what somebody reviewed."""
        with self._database.snapshot() as connection:
            scores = read_scores(connection, reviewed_alone=True)
        return AgreementList(items=[score.agreement() for score in scores])

    def scores(self) -> list[ModelScore]:
        """The same for every model and prompt, whether or not somebody reviewed what it judged."""
        with self._database.snapshot() as connection:
            return read_scores(connection, reviewed_alone=False)

    def stats(self, query: StatsQuery) -> Stats:
        """The figures that `query` asks for."""
        with self._database.read() as connection:
            return read_stats(connection, query, self._clock.now())
