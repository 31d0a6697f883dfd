"""The day so far, in a line of figures. Pure."""

from collections.abc import Sequence
from datetime import datetime

from backend_api.contract.sessions import Machine
from backend_api.contract.stats import Figures
from ui.client.queries import StatsQuery
from ui.now.cards import in_use
from ui.text.local_time import Zone
from ui.text.words import counted, percent
from ui.widgets.period import Days


def todays_figures(now: datetime, zone: Zone) -> StatsQuery:
    """Which figures are the day's: from its beginning in `zone` to its end, which has yet to come."""
    today = now.astimezone(zone.info).date()
    span = Days(today, today).span(zone)
    return StatsQuery(span.since, span.until, zone.name)


def in_figures(machines: Sequence[Machine], today: Figures) -> list[tuple[str, str]]:
    """Each figure and what it is."""
    return [
        (f"{in_use(machines)} of {len(machines)}", "machines in use now"),
        (str(today.sessions), "session today" if today.sessions == 1 else "sessions today"),
        _cleaned(today),
    ]


def _cleaned(today: Figures) -> tuple[str, str]:
    if today.compliance is None:
        return "0", "cleaning windows closed today"
    return percent(today.compliance), f"of {counted(today.windows_closed, 'cleaning window')} cleaned today"
