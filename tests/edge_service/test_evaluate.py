"""The evaluation as a whole: the sample's events against the sample's truth, and mistakes in its use."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY, FatalError, UsageError
from backend_api.contract.events import Event
from edge_service.clips.event_factory import EventFactory
from edge_service.config import load_config
from edge_service.evaluate import comparable, main, of_one_camera, to_moments
from edge_service.evaluation.scenario_truth import scenario_truth
from edge_service.evaluation.score import score
from edge_service.evaluation.truth import Truth, format_truth
from edge_service.outbox.sealed_line import event_body
from edge_service.rules.engine import RuleEngine
from edge_service.rules.rule_event import RuleEvent
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.scenario import Scenario
from edge_service.tracking.tracker import Tracker
from tests.edge_service.fake_frames import blank_frame
from tests.processes import refusal

MACHINES = load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines
START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
SEED = 42


def events_of_sample(fps: float, miss_rate: float, duration_s: float, start_time: datetime = START_TIME) -> list[Event]:
    """What the edge reports of the sample."""
    detector = MockDetector(Scenario(SEED, MACHINES), SEED, miss_rate=miss_rate)
    tracker, rules = Tracker(), RuleEngine(MACHINES)
    rule_events: list[RuleEvent] = []
    times_s = [index / fps for index in range(int(duration_s * fps))]
    for time_s in times_s:
        tracks = tracker.update(detector.detect(blank_frame(time_s)), time_s)
        rule_events += rules.update(tracks, time_s)
    factory = EventFactory("gym", "cam_01", start_time, MACHINES)
    return [factory.build(rule_event, None, None) for rule_event in rule_events + rules.finish(times_s[-1])]


@pytest.mark.parametrize("fps", [2, 3, 5, 10, 15])
def test_a_fifth_of_the_detections_missed_costs_nothing_on_the_sample(fps: float) -> None:
    """As long as it is by default: what happens in it has happened long enough before its end to be decided."""
    truth = scenario_truth(SEED, MACHINES, 124)
    events = events_of_sample(fps, 0.2, 124)
    result = score(truth, comparable(to_moments(events, truth), truth))
    assert result.counts(2.0).found == 26
    assert result.counts(2.0).f1 == 1.0


def run(*flags: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "edge_service" / "evaluate.py"), *flags]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_the_command(tmp_path: Path) -> None:
    lines = [event_body(event) for event in events_of_sample(5, 0.05, 120)]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "truth.yaml").write_text(format_truth(scenario_truth(SEED, MACHINES, 120), "the sample"))
    done = run("--events", "events.jsonl", "--truth", "truth.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("120 s of video, 3 machines: 25 events reported, 25 expected\n")
    data = json.loads(run("--events", "events.jsonl", "--truth", "truth.yaml", "--json", cwd=tmp_path).stdout)
    assert [entry["types"]["all"]["f1"] for entry in data["tolerances"]] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("flags", "kind", "message"),
    [
        (
            ["--events", "no.jsonl", "--truth", "truth.yaml"],
            UsageError,
            "no.jsonl: No such file or directory; give a file",
        ),
        (["--events", "truth.yaml", "--truth", "truth.yaml"], UsageError, "truth.yaml:1: is no JSON"),
        (["--events", "http://127.0.0.1:9", "--truth", "truth.yaml"], FatalError, "is the backend running there?"),
        (
            ["--events", "no.jsonl", "--truth", "no.yaml"],
            UsageError,
            "no.yaml: No such file or directory; name a readable file",
        ),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, flags: list[str], kind: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.yaml").write_text(format_truth(Truth(10, {"bike": ()}), "nobody"))
    assert message in refusal(main, *flags, kind=kind)


def test_the_runs_of_several_days_are_told_apart_by_the_start_time() -> None:
    first = events_of_sample(5, 0.0, 60)
    second = events_of_sample(5, 0.0, 60, START_TIME + timedelta(days=1))
    truth = scenario_truth(SEED, MACHINES, 60)
    with pytest.raises(UsageError, match=r"several runs, the first began 2026-01-31T09:00:00Z, .* start_time"):
        to_moments(first + second, truth)
    of_second = Truth(truth.duration_s, truth.machines, START_TIME + timedelta(days=1))
    moments = comparable(to_moments(first + second, of_second), of_second)
    assert moments == to_moments(second, truth)


def test_one_camera_at_a_time() -> None:
    ours = events_of_sample(5, 0.0, 30)
    others = [event.model_copy(update={"camera_id": "cam_02"}) for event in ours]
    assert of_one_camera(ours, None) == of_one_camera(ours + others, "cam_01") == ours
    assert of_one_camera([], "cam_01") == []
    with pytest.raises(UsageError, match="the cameras cam_01, cam_02; choose one with --camera-id"):
        of_one_camera(ours + others, None)
    with pytest.raises(UsageError, match="no event comes from the camera cam_03; there is cam_01, cam_02"):
        of_one_camera(ours + others, "cam_03")


def test_what_the_truth_does_not_speak_of_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    whole = scenario_truth(SEED, MACHINES, 120)
    some = Truth(40.0, {"treadmill_01": whole.machines["treadmill_01"][:1]})
    moments = comparable(to_moments(events_of_sample(5, 0.0, 120), whole), some)
    assert [moment.machine_id for moment in moments] == ["treadmill_01"] * 4
    assert "8 events of bike_01 are left out: the truth does not name that machine" in caplog.text
    assert "lie outside the 40 s of the truth" in caplog.text
