"""The reports: what the events add up to, as sessions, machines and figures."""

from sqlalchemy import select

from backend_api.base.instants import to_ms
from backend_api.contract.compliance import Compliance, SuggestedReviews
from backend_api.contract.queries import (
    ComplianceQuery,
    DaysQuery,
    MachinePageQuery,
    MachineQuery,
    SessionQuery,
    StatsQuery,
)
from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import AgreementList, DayStats, Stats
from backend_api.contract.stores import StoreList, StoreState
from backend_api.reports.agreement import ModelScore, read_scores
from backend_api.reports.compliance import choose_verdicts, newest_asked, read_compliance, read_suggested
from backend_api.reports.days import Days
from backend_api.reports.machines import read_machine_page, read_machines
from backend_api.reports.sessions import PictureUrl, no_picture, read_sessions
from backend_api.reports.stats import read_stats
from backend_api.store.db.tables import machines
from backend_api.store.review_draws import Asked
from backend_api.store.store import Store
from backend_api.store.stores import read_known_stores

_STORES = select(machines.c.store_id).distinct()


class Reports:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._cameras = store.cameras
        self._clock = store.clock
        self._draws = store.draws
        self._days = Days(store)

    def sessions(self, query: SessionQuery, picture_url: PictureUrl = no_picture) -> SessionPage:
        """One page of the sessions that `query` asks for. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_sessions(connection, query, to_ms(self._clock.now()), picture_url)

    def machines(self, query: MachineQuery, picture_url: PictureUrl = no_picture) -> MachineList:
        """Each machine that `query` lets through, as it is now."""
        with self._database.read() as connection:
            return read_machines(connection, query, self._clock.now(), self._cameras.watched_at, picture_url)

    def machine_page(self, query: MachinePageQuery, picture_url: PictureUrl = no_picture) -> MachineList:
        """One page of them. Raises BadCursor when its cursor is not of this list."""
        with self._database.read() as connection:
            return read_machine_page(connection, query, self._clock.now(), self._cameras.watched_at, picture_url)

    def stores(self) -> StoreList:
        """Every store that somebody described, or that events or cameras came from."""
        with self._database.snapshot() as connection:
            known = read_known_stores(connection)
            seen = set(connection.execute(_STORES).scalars())
        # A camera's first report may not be in the database yet.
        seen |= self._cameras.stores()
        for store_id in seen:
            known.setdefault(store_id, StoreState(store_id=store_id, settings=None, changed_at=None))
        return StoreList(items=[known[store_id] for store_id in sorted(known)])

    def compliance(self, query: ComplianceQuery) -> Compliance:
        """The compliance that `query` asks for, corrected by reviews."""
        with self._database.snapshot() as connection:
            return read_compliance(connection, query, self._clock.now())

    def suggested(self, asked: Asked | None) -> SuggestedReviews:
        """The drawn verdicts of `asked` that are not reviewed yet; by default of the model of the newest verdict."""
        with self._database.snapshot() as connection:
            return read_suggested(connection, asked)

    def suggest(self, asked: Asked | None, number: int) -> int:
        """Draw `number` more verdicts of `asked`, or as many as there are; how many."""
        with self._database.snapshot() as connection:
            asked = asked or newest_asked(connection)
        if asked is None:
            return 0
        # Somebody else may have made the first draw meanwhile: then theirs is the seed.
        return self._draw(asked, number) or self._draw(asked, number)

    def _draw(self, asked: Asked, number: int) -> int:
        seed = self._draws.seed(asked)
        with self._database.snapshot() as connection:
            chosen = choose_verdicts(connection, asked, seed, number, self._clock.now())
        return self._draws.add(asked, seed, chosen)

    def agreement(self) -> AgreementList:
        """How far people agree with each model and prompt that judged what somebody reviewed."""
        with self._database.snapshot() as connection:
            scores = read_scores(connection, reviewed_alone=True)
        return AgreementList(items=[score.agreement() for score in scores])

    def scores(self) -> list[ModelScore]:
        """The same for every model and prompt, whether or not somebody reviewed what it judged."""
        with self._database.snapshot() as connection:
            return read_scores(connection, reviewed_alone=False)

    def days(self, query: DaysQuery) -> DayStats:
        """The figures of whole days, of one store or of all. Raises StoreBusy while too many are not computed yet."""
        return self._days.answer(query)

    def keep_days(self) -> None:
        """Compute some of the figures of the last days ahead of who asks for them."""
        self._days.fill_ahead()

    def stats(self, query: StatsQuery) -> Stats:
        """The figures that `query` asks for."""
        with self._database.snapshot() as connection:
            return read_stats(connection, query, self._clock.now(), self._cameras.unwritten_ms())
