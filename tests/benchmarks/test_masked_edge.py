"""What masks cost the whole edge: its loop is no later for them, and its memory stays bounded."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from backend_api.base.process import REPOSITORY
from backend_api.contract.events import EventPage
from edge_service.clips.recorder import MAX_WAITING_BYTES
from tests.benchmarks.measure import Cost, cost_of
from tests.benchmarks.test_edge_cpu import PEAK_BYTES, START_TIME, real_backend

SAMPLING_INTERVAL_S = 1 / 5
# One clip is decoded in 1080p and encoded in 720p at a time: one of 20 s takes 116 MB, and the allocator keeps some.
ENCODING_BYTES = 160_000_000
CONFIG = re.sub(r"(?m)^privacy:.*$", "", (REPOSITORY / "edge_service" / "config.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Run:
    """What a run cost, how late its latest frame was, its events, and how many of their clips were masked."""

    cost: Cost
    latest_s: float
    events: int
    masked: int


def run_edge(video: Path, folder: Path, privacy: str, speed: str) -> Run:
    """One minute of 1080p30 at `speed`."""
    folder.mkdir()
    (folder / "gym.yaml").write_text(f"{CONFIG}\nprivacy: {privacy}\n")
    with real_backend(folder) as address:
        cost = cost_of(
            [
                *(sys.executable, "-m", "tests.benchmarks.late_edge", "--config", str(folder / "gym.yaml")),
                *("--video", str(video), "--camera-id", "cam_01", "--store-id", "bench", "--seed", "42"),
                *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox")),
                *("--backend-url", address, "--speed", speed, "--start-time", START_TIME.isoformat()),
                # As with masks: what waits for the next key pictures would be late by itself.
                *("--decode", "all"),
                str(folder / "late.txt"),
            ]
        )
        page = EventPage.model_validate_json(requests.get(f"{address}/events?limit=500", timeout=10).content)
    masked = sum(event.clip is not None and event.clip.masked is not None for event in page.items)
    return Run(cost, float((folder / "late.txt").read_text()), len(page.items), masked)


@pytest.mark.parametrize("mask", ["heads", "people"])
def test_the_loop_is_no_later_than_without_masks_by_more_than_a_sampling_interval(
    minute_of_video: Path, tmp_path: Path, mask: str
) -> None:
    plain = run_edge(minute_of_video, tmp_path / "plain", "{}", "1")
    masked = run_edge(minute_of_video, tmp_path / "masked", f"{{mask: {mask}}}", "1")
    costs = [(run.latest_s * 1000, run.cost.cpu_s, run.cost.peak_bytes / 1e6) for run in (plain, masked)]
    print(f"\n{masked.masked} of {masked.events} clips masked ({mask}); the latest frame, the processor and the peak:")
    print("; ".join(f"{late_ms:.0f} ms, {cpu_s:.1f} CPU-s, {peak_mb:.0f} MB" for late_ms, cpu_s, peak_mb in costs))
    assert plain.masked == 0 < masked.masked == masked.events == plain.events
    assert masked.latest_s <= plain.latest_s + SAMPLING_INTERVAL_S
    assert masked.cost.peak_bytes <= PEAK_BYTES + MAX_WAITING_BYTES + ENCODING_BYTES


def test_clips_that_wait_take_bounded_memory(minute_of_video: Path, tmp_path: Path) -> None:
    """As fast as it goes, clips come faster than they are masked."""
    masked = run_edge(minute_of_video, tmp_path / "masked", "{mask: heads}", "max")
    print(f"\nas fast as it goes with masks: peak {masked.cost.peak_bytes / 1e6:.0f} MB, {masked.cost.cpu_s:.1f} CPU-s")
    assert masked.masked == masked.events > 0
    assert masked.cost.peak_bytes <= PEAK_BYTES + MAX_WAITING_BYTES + ENCODING_BYTES
