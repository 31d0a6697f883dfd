"""The figures of usage at a glance, beside those of the time before."""

from backend_api.contract.stats import Figures, PeakHour, Stats
from ui.text.meanings import FIGURE_WORDS, meaning
from ui.text.words import duration, percent
from ui.widgets.figure_cards import NO_FIGURE, Card, Wanted, count_change, duration_change, share_change


def usage_cards(found: Stats, before: Figures) -> list[Card]:
    """Share of time in use, sessions, median stay and the peak hour."""
    now, peak = found.total, found.peak_hour
    return [
        Card(
            FIGURE_WORDS["utilisation"],
            NO_FIGURE if now.utilisation is None else percent(now.utilisation),
            f"{duration(now.occupied_s)} of {duration(now.observed_s)} observed, all machines",
            f"{meaning('utilisation')} {meaning('occupied_s')} {meaning('observed_s')}",
            share_change(now.utilisation, before.utilisation, Wanted.EITHER),
        ),
        Card(
            FIGURE_WORDS["sessions"],
            str(now.sessions),
            "began in this time",
            meaning("sessions"),
            count_change(now.sessions, before.sessions, Wanted.EITHER) if before.observed_s else None,
        ),
        Card(
            FIGURE_WORDS["median_stay_s"],
            NO_FIGURE if now.median_stay_s is None else duration(now.median_stay_s),
            "of finished sessions",
            meaning("median_stay_s"),
            duration_change(now.median_stay_s, before.median_stay_s, Wanted.EITHER),
        ),
        Card(
            "Peak hour",
            f"{peak.hour:02d}:00" if peak else NO_FIGURE,
            _peak_note(peak) if peak else "nothing was in use",
            PEAK_HOUR_MEANING,
        ),
    ]


def _peak_note(peak: PeakHour) -> str:
    until = f"{(peak.hour + 1) % 24:02d}:00"
    return f"to {until}: {duration(peak.occupied_s)} in use, all machines and days"


PEAK_HOUR_MEANING = " ".join((PeakHour.__doc__ or "").split())
