"""Everything that the page Now shows, as it is at one instant, and the day's figures in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend_api.contract.cameras import CameraState
from backend_api.contract.queries import StatsQuery
from backend_api.contract.sessions import Machine, Session
from backend_api.contract.stats import Figures
from ui.client import cache
from ui.client.storage import StorageTrouble, storage_trouble
from ui.now.attention import alarming_sessions
from ui.now.cards import in_use
from ui.text.local_time import Zone
from ui.text.words import counted, percent
from ui.widgets.chain import is_chain
from ui.widgets.period import Days
from ui.widgets.store_choice import cameras_of


def todays_figures(now: datetime, zone: Zone, store_id: str | None = None) -> StatsQuery:
    """The query for the figures of today: from its beginning in `zone` to its end, which has yet to come."""
    today = now.astimezone(zone.info).date()
    interval = Days(today, today).interval(zone)
    return StatsQuery(since=interval.since, until=interval.until, tz=zone.name, store_id=store_id)


def in_figures(machines: Sequence[Machine], today: Figures | None) -> list[tuple[str, str]]:
    """Each figure, and its meaning in a few words; of a chain without those of today, which are told of one gym."""
    used = (f"{in_use(machines)} of {len(machines)}", "machines in use now")
    if today is None:
        return [used]
    return [
        used,
        (str(today.sessions), "session today" if today.sessions == 1 else "sessions today"),
        _cleaned(today),
    ]


def _cleaned(today: Figures) -> tuple[str, str]:
    if today.compliance is None:
        windows = today.windows_closed + today.windows_not_judged
        return str(windows), "cleaning window closed today" if windows == 1 else "cleaning windows closed today"
    return percent(today.compliance), f"of {counted(today.windows_closed, 'cleaning window')} cleaned today"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state `at` an instant; `sessions` are one more than are shown, if there are so many.

    `today` is None where there are too many machines for figures of all gyms. `model` gave the newest verdict;
    `storage` is what is wrong with the backend's.
    """

    at: datetime
    machines: list[Machine]
    cameras: list[CameraState]
    sessions: list[Session]
    today: Figures | None
    model: str | None = None
    storage: StorageTrouble | None = None


def take_snapshot(now: datetime, zone: Zone, store_id: str | None = None) -> Snapshot:
    """Ask the backend about the gym `store_id`, or all. Raises BackendError when it cannot answer."""
    machines = [machine for machine in cache.machines().items if store_id in (None, machine.store_id)]
    has_figures = not is_chain(store_id, len(machines))
    return Snapshot(
        at=now,
        machines=machines,
        cameras=cameras_of(store_id),
        sessions=cache.sessions(alarming_sessions(now, store_id)).items,
        today=cache.stats(todays_figures(now, zone, store_id)).total if has_figures else None,
        model=cache.latest_model(store_id),
        storage=storage_trouble(),
    )
