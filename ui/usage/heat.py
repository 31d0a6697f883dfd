"""Hours of many days folded into one week: how much of each weekday's hours machines were in use. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from backend_api.contract.stats import BucketFigures
from ui.text.local_time import Zone

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of the clock (0 to 23) on a weekday (0 is Monday), over all its days; seconds are of all machines."""

    weekday: int
    hour: int
    occupied_s: float = 0.0
    observed_s: float = 0.0
    sessions: int = 0

    @property
    def share(self) -> float | None:
        """Time in use of the time observed, 0 to 1; None when nothing was observed."""
        return self.occupied_s / self.observed_s if self.observed_s > 0 else None


def fold(hours: Iterable[BucketFigures], zone: Zone) -> list[Cell]:
    """All cells of the week, weekday by weekday; `hours` are buckets of hours of `zone`.

    An hour belongs to the clock's reading at its beginning: one that comes twice counts twice, one that clocks skip
    does not at all.
    """
    sums: dict[tuple[int, int], list[BucketFigures]] = defaultdict(list)
    for bucket in hours:
        local = bucket.begin.astimezone(zone.info)
        sums[local.weekday(), local.hour].append(bucket)
    return [_cell(weekday, hour, sums[weekday, hour]) for weekday in range(len(WEEKDAYS)) for hour in HOURS]


def busiest(cells: Iterable[Cell]) -> Cell | None:
    """The cell with the largest share of time in use, of equal ones the first; None when nothing was in use."""
    used = [cell for cell in cells if cell.share]
    return max(used, key=lambda cell: cell.share or 0.0, default=None)


def _cell(weekday: int, hour: int, buckets: list[BucketFigures]) -> Cell:
    return Cell(
        weekday,
        hour,
        sum(bucket.occupied_s for bucket in buckets),
        sum(bucket.observed_s for bucket in buckets),
        sum(bucket.sessions for bucket in buckets),
    )
