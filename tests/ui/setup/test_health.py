"""A camera's health in words: frames a second, what is skipped, and what waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend_api.contract.cameras import CameraState, CameraStatus, DecoderReport, NetworkReport
from backend_api.contract.stats import CameraFigures
from ui.setup.health import STATUS_COLOURS, STATUS_WORDS, UNTOLD, Rates, ReportPair, health_facts, rates
from ui.text.local_time import Zone

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BERLIN = Zone.from_name("Europe/Berlin")


def make_state(**overrides: Any) -> CameraState:  # noqa: ANN401
    given: dict[str, Any] = {
        "camera_id": "cam_01",
        "store_id": "gym",
        "media_time_s": 100,
        "frames_captured": 3000,
        "frames_processed": 500,
        "frames_skipped": 2500,
        "outbox_depth": 1,
        "version": "0.1.0",
        "started_at": NOON - timedelta(seconds=100),
        "reported_at": NOON,
        "age_s": 3.2,
        "status": "up",
    }
    return CameraState.model_validate(given | overrides)


LATER = make_state(frames_captured=3100, frames_processed=525, reported_at=NOON + timedelta(seconds=5))


def test_one_report_tells_the_rate_since_the_start() -> None:
    assert rates(ReportPair(make_state())) == Rates(30.0, 5.0)
    assert rates(ReportPair(make_state(started_at=NOON))) is None


def test_two_reports_tell_the_rate_between_them() -> None:
    assert rates(ReportPair(make_state()).then(LATER)) == Rates(20.0, 5.0)


def test_the_same_report_seen_again_changes_nothing() -> None:
    aged = make_state(age_s=4.9)
    sample = ReportPair(make_state()).then(aged)
    assert (sample.now, sample.before) == (aged, None)
    twice = ReportPair(make_state()).then(LATER).then(LATER)
    assert rates(twice) == Rates(20.0, 5.0)


def test_an_edge_that_was_started_again_counts_anew() -> None:
    restarted = make_state(
        frames_captured=30,
        frames_processed=5,
        started_at=NOON + timedelta(seconds=4),
        reported_at=NOON + timedelta(seconds=5),
    )
    assert rates(ReportPair(make_state()).then(restarted)) == Rates(30.0, 5.0)


def test_all_that_there_is_to_say() -> None:
    assert health_facts(ReportPair(make_state()), ["Bike 1", "Rower 1"], BERLIN) == {
        "Frames a second": "30.0, of which 5.0 analysed",
        "Skipped": "83 % of 3\u202f000 frames",
        "Waiting to be sent": "1 event",
        "Machines": "Bike 1, Rower 1",
        "Uses corrected in 7 days": "none was reported",
        "Last seen": "3 s ago, 13:00:00",
        "Running for": "1 min 40 s",
        "Detector": "not told: the edge is of an earlier release",
        "Version": "0.1.0",
    }


def test_what_the_network_and_the_decoder_run_on_is_said_and_why_not_on_what_was_wanted() -> None:
    network = NetworkReport(runs_on="cpu", why_not="not on cuda: install it", width=544, height=320, frame_ms=14.25)
    decoder = DecoderReport(runs_on="qsv")
    facts = health_facts(ReportPair(make_state(network=network, decoder=decoder)), [], BERLIN)
    assert facts["Network"] == "544x320 pixels, 14.2 ms a frame, on the processor (CPU) (not on cuda: install it)"
    assert facts["Decoding"] == "on qsv"
    early = network.model_copy(update={"frame_ms": None, "why_not": None, "runs_on": "cuda"})
    facts = health_facts(ReportPair(make_state(network=early)), [], BERLIN)
    assert facts["Network"] == "544x320 pixels, on the graphics card (CUDA)"
    assert "Decoding" not in facts


def test_a_silent_camera_has_no_rate_and_one_without_frames_no_share() -> None:
    silent = health_facts(ReportPair(make_state(status="gone", age_s=3600)), [], BERLIN)
    assert silent["Machines"] == "none known"
    assert (silent["Frames a second"], silent["Last seen"]) == ("none: it is silent", "1 h 00 min ago, 13:00:00")
    ended = make_state(status="ended", age_s=3600, has_ended=True, detector="mock")
    facts = health_facts(ReportPair(ended), [], BERLIN)
    assert (facts["Frames a second"], facts["Detector"]) == ("none: the video has ended", "mock: invents people")
    fresh = make_state(frames_captured=0, frames_processed=0, frames_skipped=0, started_at=NOON)
    assert health_facts(ReportPair(fresh), [], BERLIN)["Skipped"] == "no frame has come yet"
    assert health_facts(ReportPair(fresh), [], BERLIN)["Frames a second"] == "not known yet"


@pytest.mark.parametrize("status", list(CameraStatus))
def test_every_status_has_a_word_and_a_colour(status: CameraStatus) -> None:
    state = make_state(status=status)
    assert STATUS_WORDS[state.status].lower() == status.replace("_", " ")
    assert STATUS_COLOURS[state.status]


def test_it_tells_how_many_uses_people_corrected() -> None:
    pair, label = ReportPair(make_state()), "Uses corrected in 7 days"
    assert health_facts(pair, [], BERLIN)[label] == "none was reported"
    found = CameraFigures(
        store_id="gym", camera_id="cam_01", sessions_reported=40, sessions_corrected=3, corrected_share=0.075
    )
    assert health_facts(pair, [], BERLIN, found)[label] == "3 of 40, 8 %"
    assert health_facts(pair, [], BERLIN, UNTOLD)[label] == "not told of all gyms together: choose one"
