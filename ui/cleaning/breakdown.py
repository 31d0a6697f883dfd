"""The kinds of closed windows, each window counted as exactly one; their words and colours. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stats import BucketFigures, Figures, Unit
from ui.text.local_time import Zone
from ui.text.meanings import FIGURE_WORDS
from ui.widgets.charts import Palette

# A good window first, then from the clearest miss to the least clear.
KINDS = (
    "windows_cleaned",
    "windows_not_attempted",
    "windows_not_cleaned",
    "windows_cannot_tell",
    "windows_unjudged",
)
UNCLEANED = {
    "windows_not_attempted": (SessionOutcome.NOT_ATTEMPTED,),
    "windows_not_cleaned": (SessionOutcome.NOT_CLEANED,),
    "windows_cannot_tell": (SessionOutcome.CANNOT_TELL,),
    "windows_unjudged": (SessionOutcome.WAITING, SessionOutcome.FAILED),
}
"""The kinds of windows without a good attempt, and the outcomes of sessions that are of them."""


@dataclass(frozen=True, slots=True)
class TrendStep:
    """An hour or a day of the trend: its label on the axis, and its figures."""

    label: str
    figures: BucketFigures


def of_all(part: int, whole: int) -> str:
    """A share as the counts that it is of, e.g. `3 of 4`."""
    return f"{part} of {whole}"


def uncleaned(figures: Figures) -> int:
    """How many windows closed without a good attempt."""
    return figures.windows_closed - figures.windows_cleaned


def counts(figures: Figures) -> tuple[int, ...]:
    """How many windows closed as which kind."""
    return tuple(getattr(figures, kind) for kind in KINDS)


def kinds_in_words(figures: Figures) -> str:
    """Of which kinds the uncleaned ones are, e.g. `2 no attempt, 1 cannot tell`."""
    parts = ((getattr(figures, kind), FIGURE_WORDS[kind].lower()) for kind in UNCLEANED)
    return ", ".join(f"{count} {words}" for count, words in parts if count) or "none"


def trend_steps(buckets: Iterable[BucketFigures], unit: Unit, zone: Zone) -> list[TrendStep]:
    """The trend's steps in order, labelled by the zone's clock or calendar."""
    return [TrendStep(_label(bucket.begin.astimezone(zone.info), unit), bucket) for bucket in buckets]


def axis_labels(count: int, most: int = 7) -> list[int]:
    """Which of `count` steps get a label: at most `most` of them, evenly spaced, the first one among them."""
    return list(range(0, count, max(1, -(-count // most))))


def _label(local: datetime, unit: Unit) -> str:
    return f"{local:%H:%M}" if unit is Unit.HOUR else f"{local:%a} {local.day} {local:%b}"


def kind_colours(palette: Palette) -> dict[str, str]:
    """The colour of each of KINDS, in their order."""
    return dict(zip(KINDS, (palette.good, palette.missing, palette.bad, palette.unsure, palette.waiting), strict=True))
