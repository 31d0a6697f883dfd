"""The figures of usage at a glance, beside those of the time before, and how many uses people corrected."""

from backend_api.contract.stats import CameraFigures, Figures, PeakHour, Stats
from ui.text.meanings import FIGURE_WORDS, meaning
from ui.text.words import counted, duration, percent
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


def corrected_lines(found: Stats) -> list[str]:
    """How many uses of each camera people corrected, the camera with most first; they tell where a zone is wrong."""
    corrected = [camera for camera in found.cameras if camera.sessions_corrected]
    corrected.sort(key=lambda camera: (-(camera.corrected_share or 0.0), camera.store_id, camera.camera_id))
    if not corrected:
        return ["Nobody corrected a use that began in this time."]
    has_stores = len({camera.store_id for camera in found.cameras}) > 1
    return [_corrected_line(camera, has_stores=has_stores) for camera in corrected] + [ZONES_HINT]


ZONES_HINT = "Many corrections tell that a zone is wrong: the page Setup shows the zones of each camera."


def _corrected_line(camera: CameraFigures, *, has_stores: bool) -> str:
    where = f"{camera.camera_id} ({camera.store_id})" if has_stores else camera.camera_id
    share = "" if camera.corrected_share is None else f", {percent(camera.corrected_share)}"
    return f"Camera {where}: {camera.sessions_corrected} of {counted(camera.sessions_reported, 'reported use')}{share}."


def _peak_note(peak: PeakHour) -> str:
    until = f"{(peak.hour + 1) % 24:02d}:00"
    return f"to {until}: {duration(peak.occupied_s)} in use, all machines and days"


PEAK_HOUR_MEANING = " ".join((PeakHour.__doc__ or "").split())
