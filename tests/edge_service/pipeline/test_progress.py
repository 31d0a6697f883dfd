"""The progress line: when it comes and what it says."""

import logging
from dataclasses import replace

import pytest

from edge_service.pipeline.progress import INTERVAL_S, Progress, RunCounts, format_progress
from tests.fake_clock import FakeClock

TALLY = RunCounts(media_time_s=65.23, captured=1957, processed=327, skipped=1630, events=4, outbox_depth=2)


def test_the_line_says_it_all() -> None:
    assert format_progress(TALLY, 30.04) == (
        "media 1:05.2, 30.0 frames/s, 4 events, 2 waiting in the outbox, 1957 frames = 327 processed + 1630 skipped"
    )


def test_reconnections_are_told_when_there_were_any() -> None:
    assert format_progress(replace(TALLY, reconnects=2), 30.04).endswith("1630 skipped, reconnected 2 times")


@pytest.mark.parametrize(("media_time_s", "text"), [(0.0, "0:00.0"), (59.94, "0:59.9"), (59.96, "1:00.0")])
def test_media_time_in_minutes(media_time_s: float, text: str) -> None:
    counts = RunCounts(media_time_s, 0, 0, 0, 0, 0)
    assert format_progress(counts, 0.0).startswith(f"media {text},")


def test_it_is_due_every_few_seconds_and_gives_the_rate_since_the_last_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    progress = Progress(clock)
    assert not progress.is_due()
    clock.advance(INTERVAL_S)
    assert progress.is_due()
    progress.report(RunCounts(5.0, 100, 20, 80, 0, 0))
    assert not progress.is_due()
    clock.advance(INTERVAL_S)
    progress.report(RunCounts(10.0, 250, 50, 200, 0, 0))
    progress.report_end(RunCounts(10.0, 250, 50, 200, 0, 0))
    rates = [message.split(", ")[1] for message in caplog.messages]
    assert rates == ["20.0 frames/s", "30.0 frames/s", "25.0 frames/s"]


def test_what_keeps_pictures_away_is_told_with_every_line() -> None:
    counts = replace(TALLY, problem="cannot be opened: plug it in", fault="a picture only every 4.0 s")
    assert format_progress(counts, 0).endswith("skipped; cannot be opened: plug it in; a picture only every 4.0 s")
