"""The setup that is sent: the machines as they are configured, and the configuration without notes and passwords."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend_api.base.process import REPOSITORY
from backend_api.contract.cameras import MAX_CONFIG_CHARACTERS, DecoderReport
from edge_service.clips.pictures import StillSlot
from edge_service.config import load_config
from edge_service.detection.detector_config import with_flags
from edge_service.detection.onnx_detector import Hardware
from edge_service.pipeline.camera_reports import ReportedCamera, describe_setup, make_reporter, shareable_config
from edge_service.pipeline.progress import RunCounts
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.video.hardware import HardwareDecoding

ZONE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
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


@pytest.mark.parametrize(
    ("hardware", "told"),
    [
        (None, None),
        (Hardware("cuda", None, 544, 320, None), ("cuda", None, 544, 320, None)),
        (
            Hardware("cpu", "not on cuda: " + "x" * 999, 416, 416, 14.26),
            ("cpu", ("not on cuda: " + "x" * 999)[:300], 416, 416, 14.3),
        ),
    ],
)
def test_a_report_says_what_the_network_runs_on(hardware: Hardware | None, told: tuple[object, ...] | None) -> None:
    now = RunCounts(1.0, 30, 5, 25, 0, 0)
    started_at = datetime(2026, 1, 31, tzinfo=UTC)
    network = make_reporter("gym", started_at, "1", lambda: now, lambda: None, network=hardware)().network
    found = network and (network.runs_on, network.why_not, network.width, network.height, network.frame_ms)
    assert found == told


def test_a_camera_that_does_not_run_is_told_with_its_last_counts_and_the_reason() -> None:
    class Running:
        still, started_at, delivery_error, detector, network = (
            StillSlot(Masking(PrivacyConfig())),
            NOW,
            "the backend is away",
            "onnx",
            None,
        )
        decoding = HardwareDecoding("none")

        def counts(self) -> RunCounts:
            return RunCounts(12.0, 300, 60, 240, 3, 2, has_ended=True)

    reported = ReportedCamera("gym", "1", NOW, "mock")
    assert (reported.report().has_signal, reported.report().last_error) == (False, "is being started")
    assert reported.report().detector == "mock"
    assert reported.still() is None
    reported.begins(Running())
    assert (reported.report().has_signal, reported.report().last_error) == (True, "the backend is away")
    assert reported.report().decoder == DecoderReport(runs_on="cpu")
    reported.fails("gone.mp4: does not exist; this camera is started again in 4 s")
    report = reported.report()
    assert (report.has_signal, report.has_ended, report.frames_captured, report.outbox_depth) == (False, False, 300, 2)
    assert report.detector == "onnx"
    assert report.last_error == "gone.mp4: does not exist; this camera is started again in 4 s"
    reported.begins(Running())
    reported.ends()
    assert (reported.report().has_signal, reported.report().has_ended) == (True, True)


def test_machines_are_sent_as_they_are_configured_and_a_long_name_is_cut() -> None:
    machines = [Machine("a", "Ä" * 150, ZONE, RuleTimes()), Machine("b", "Bike", ZONE, RuleTimes())]
    setup = describe_setup("gym_demo", machines, None)
    assert [(machine.machine_id, machine.name) for machine in setup.machines] == [("a", "Ä" * 100), ("b", "Bike")]
    assert setup.machines[0].zone == ZONE
    assert setup.config is None


@pytest.mark.parametrize("text", [AWKWARD, (REPOSITORY / "edge_service" / "config.yaml").read_text(encoding="utf-8")])
def test_what_is_sent_says_the_same_without_its_comments(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    shared = shareable_config(path)
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
    shared = shareable_config(path, chosen)
    assert shared is not None
    after = load_config(written(tmp_path, shared))
    assert after.detector == chosen
    assert after.machines == before.machines


def test_a_configuration_too_long_to_be_sent_stays_here(tmp_path: Path) -> None:
    machine = "  - {machine_id: m_NUMBER, name: Machine, zone: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}\n"
    machines = "".join(machine.replace("NUMBER", str(number)) for number in range(2000))
    text = "machines:\n" + machines
    assert len(text) > MAX_CONFIG_CHARACTERS
    assert shareable_config(written(tmp_path, text)) is None
