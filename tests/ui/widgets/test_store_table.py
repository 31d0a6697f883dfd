"""Gyms side by side: each with its corrected compliance, as far as reviews tell, on the page and in the file."""

import csv
import io
from datetime import timedelta

from backend_api.contract.compliance import Compliance, Corrected, StoreCompliance, TooFewReviews
from backend_api.contract.sources import EventSource
from backend_api.contract.stats import Estimate, Hours, SourceFigures, Stats, StoreFigures, Unit
from tests.ui.made_up import NOON, make_figures
from ui.widgets.store_table import store_csv, store_rows

NAMES = {"a": "Am Markt", "b": "Bahnhof", "c": "=City"}
MOCKED = EventSource(edge_version="1", detector="mock")


def made_stats() -> Stats:
    stores = [
        StoreFigures(
            store_id=store_id,
            machines=1,
            occupied_s=0.0,
            observed_s=0.0,
            unobserved_s=90.0,
            utilisation=None,
            sessions=0,
            windows_closed=4,
            windows_cleaned=3,
            windows_not_attempted=0,
            windows_after_hours=0,
            windows_not_judged=0,
            compliance=0.75,
        )
        for store_id in NAMES
    ]
    return Stats(
        since=NOON,
        until=NOON + timedelta(days=1),
        tz="UTC",
        by=Unit.DAY,
        hours=Hours.OPEN,
        total=make_figures(),
        peak_hour=None,
        machines=[],
        stores=stores,
        cameras=[],
        sources=[SourceFigures(store_id="a", camera_id="cam", source=MOCKED, sessions_reported=4)],
        kinds=[],
        buckets=[],
    )


def made_compliance() -> Compliance:
    def of(store_id: str, corrected: Corrected | None) -> StoreCompliance:
        return StoreCompliance(store_id=store_id, windows=4, apparent=0.75, corrected=corrected)

    return Compliance(
        since=NOON,
        until=NOON + timedelta(days=1),
        hours=Hours.OPEN,
        windows=12,
        not_attempted=0,
        not_asked=0,
        undecided=0,
        apparent=0.75,
        corrected=None,
        stores=[of("a", Estimate(0.62, 0.54, 0.69)), of("b", TooFewReviews(missing_reviews=9)), of("c", None)],
        models=[],
    )


def test_the_table_has_figure_and_interval_or_says_why_not() -> None:
    rows = {str(row["Gym"]): row for row in store_rows(made_stats(), made_compliance(), NAMES)}
    told = {name: (row["Corrected"], row["95 % interval"]) for name, row in rows.items()}
    assert told == {
        "Am Markt": (62.0, "54 to 69 %"),
        "Bahnhof": (None, "too few reviews to say"),
        "=City": (None, None),
    }


def test_the_file_begins_with_whose_figures_they_are() -> None:
    [header, *_] = csv.reader(io.StringIO(store_csv(made_stats(), made_compliance(), NAMES)))
    assert header[:3] == ["name", "store_id", "machines"]


def test_the_file_has_the_same_and_says_what_was_invented() -> None:
    rows = list(csv.DictReader(io.StringIO(store_csv(made_stats(), made_compliance(), NAMES))))
    names = ("name", "compliance_corrected", "compliance_corrected_low", "compliance_corrected_high")
    told = [tuple(row[name] for name in (*names, "missing_reviews", "detectors")) for row in rows]
    assert told == [
        ("Am Markt", "0.62", "0.54", "0.69", "", "mocked detector"),
        ("Bahnhof", "", "", "", "9", ""),
        ("'=City", "", "", "", "", ""),
    ]
