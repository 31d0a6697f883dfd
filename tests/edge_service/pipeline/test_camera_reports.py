"""The setup that is sent: the machines as they are configured, and the configuration without notes and passwords."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend_api.base.process import REPOSITORY
from backend_api.contract.cameras import MAX_CONFIG_CHARACTERS
from edge_service.config import load_config
from edge_service.detection.detector_config import with_flags
from edge_service.pipeline.camera_reports import describe_setup, make_reporter, shareable_config
from edge_service.pipeline.progress import RunCounts
from edge_service.rules.machine import Machine, RuleTimes

ZONE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
URL = "http://127.0.0.1:8000"
# Whatever YAML could take for something else when it is written and read again.
AWKWARD = """\
# rtsp://admin:geheim@192.168.1.20/stream is the camera by the door
machines:
  - machine_id: "007"  # geheim
    name: "yes: Läufer #1"
    zone: [[0, 0], [1, 0.00001], [0.5, 1]]
    anchor: {overlap: 0.3}
    rules: {window_s: 60}
  - {machine_id: "null", name: '2026-01-31', zone: [[0, 0], [1, 0], [1, 1]]}
detector: {kind: onnx, model: "weights/~net.onnx", class_id: null}
delivery: {upload_clips: true}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, (True, False, None)),
        ({"problem": "Connection refused"}, (False, False, "Connection refused")),
        ({"fault": "blind for 20 s"}, (True, True, "blind for 20 s")),
        ({"problem": "no route", "fault": "blind for 20 s"}, (False, True, "no route")),
    ],
)
def test_a_report_says_whether_pictures_come_and_are_looked_at(
    counts: dict[str, Any], said: tuple[bool, bool, str | None]
) -> None:
    now = replace(RunCounts(1.0, 30, 5, 25, 0, 0), **counts)
    report = make_reporter("gym", datetime(2026, 1, 31, tzinfo=UTC), "1", lambda: now, lambda: None)()
    assert (report.has_signal, report.is_blind, report.last_error) == said


def test_machines_are_sent_as_they_are_configured_and_a_long_name_is_cut() -> None:
    machines = [Machine("a", "Ä" * 150, ZONE, RuleTimes()), Machine("b", "Bike", ZONE, RuleTimes())]
    setup = describe_setup("gym_demo", machines, None)
    assert [(machine.machine_id, machine.name) for machine in setup.machines] == [("a", "Ä" * 100), ("b", "Bike")]
    assert setup.machines[0].zone == ZONE
    assert setup.config is None


@pytest.mark.parametrize("text", [AWKWARD, (REPOSITORY / "edge_service" / "config.yaml").read_text(encoding="utf-8")])
def test_what_is_sent_says_the_same_without_its_comments(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    shared = shareable_config(path, URL)
    assert shared is not None
    assert "#" not in shared.replace("Läufer #1", "")
    assert "geheim" not in shared
    before = load_config(path)
    assert load_config(written(tmp_path, shared)) == before


@pytest.mark.parametrize("section", ["", "detector: {fps: 4, score: 0.5}\n", "detector: {kind: mock}\n"])
def test_the_detector_that_the_flags_chose_is_what_is_sent(tmp_path: Path, section: str) -> None:
    path = written(tmp_path, f"machines:\n  - {{machine_id: a, name: A, zone: {[list(c) for c in ZONE]}}}\n{section}")
    before = load_config(path)
    chosen = with_flags(before.detector, "onnx", Path("/weights/net.onnx"))
    shared = shareable_config(path, URL, chosen)
    assert shared is not None
    after = load_config(written(tmp_path, shared))
    assert after.detector == chosen
    assert after.machines == before.machines


@pytest.mark.parametrize("url", ["http://user:geheim@gym.example", "http://token@gym.example:8000"])
def test_a_configuration_that_holds_a_password_stays_here(tmp_path: Path, url: str) -> None:
    assert shareable_config(written(tmp_path, AWKWARD), url) is None


def test_a_configuration_too_long_to_be_sent_stays_here(tmp_path: Path) -> None:
    machine = "  - {machine_id: m_NUMBER, name: Machine, zone: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}\n"
    machines = "".join(machine.replace("NUMBER", str(number)) for number in range(2000))
    text = "machines:\n" + machines
    assert len(text) > MAX_CONFIG_CHARACTERS
    assert shareable_config(written(tmp_path, text), URL) is None
