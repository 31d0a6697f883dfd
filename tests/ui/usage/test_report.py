"""Figures of usage, with what they are of."""

from datetime import timedelta

from backend_api.contract.stats import CameraFigures, Hours, PeakHour, Stats, Unit
from tests.ui.made_up import NOON, make_figures
from ui.usage.heat import Cell, heat_rows
from ui.usage.report import ZONES_HINT, corrected_lines, usage_cards


def made(peak: PeakHour | None, **figures: object) -> Stats:
    return Stats(
        since=NOON,
        until=NOON + timedelta(days=1),
        tz="UTC",
        by=Unit.HOUR,
        hours=Hours.OPEN,
        total=make_figures(**figures),
        peak_hour=peak,
        machines=[],
        stores=[],
        cameras=[],
        sources=[],
        kinds=[],
        buckets=[],
    )


def test_shares_are_told_with_what_they_are_of() -> None:
    found = made(
        PeakHour(hour=23, occupied_s=1800),
        occupied_s=3600.0,
        observed_s=14400.0,
        utilisation=0.25,
        sessions=4,
        median_stay_s=900.0,
    )
    share, sessions, stay, peak = usage_cards(found, make_figures(observed_s=60.0, utilisation=0.2, sessions=5))
    assert (share.value, share.note) == ("25 %", "1 h 00 min of 4 h 00 min observed, all machines")
    assert share.change is not None
    assert share.change.words == "up 5 points from 20 %"
    assert (sessions.value, sessions.change and sessions.change.words) == ("4", "down 1 from 5")
    assert (stay.value, stay.change) == ("15 min 00 s", None)
    assert (peak.value, peak.note) == ("23:00", "to 00:00: 30 min 00 s in use, all machines and days")


def test_of_nothing_there_is_no_figure() -> None:
    cards = usage_cards(made(None), make_figures())
    assert [card.value for card in cards] == ["none", "0", "none", "none"]
    assert {card.change for card in cards} == {None}


def test_the_week_as_a_table_leaves_empty_what_was_not_observed() -> None:
    rows = heat_rows([Cell(0, 8, 900.0, 1800.0), Cell(6, 8, 0.0, 60.0), Cell(1, 8)])
    assert len(rows) == 24
    assert rows[8] == {
        "Hour": "08:00",
        "Monday": "50 %",
        "Tuesday": "",
        "Wednesday": "",
        "Thursday": "",
        "Friday": "",
        "Saturday": "",
        "Sunday": "0 %",
    }


def camera(camera_id: str, reported: int, corrected: int) -> CameraFigures:
    return CameraFigures(
        store_id="gym",
        camera_id=camera_id,
        sessions_reported=reported,
        sessions_corrected=corrected,
        corrected_share=corrected / reported,
    )


def test_the_camera_with_the_largest_share_of_corrected_uses_comes_first() -> None:
    assert corrected_lines(made(None)) == ["Nobody corrected a use that began in this time."]
    cameras = [camera("cam_01", 100, 2), camera("cam_02", 10, 0), camera("cam_03", 1, 1)]
    found = made(None).model_copy(update={"cameras": cameras})
    assert corrected_lines(found) == [
        "Camera cam_03: 1 of 1 reported use, 100 %.",
        "Camera cam_01: 2 of 100 reported uses, 2 %.",
        ZONES_HINT,
    ]
