"""A run's eyes are named by what decides what is seen, and mocked ones are called mocked before anything else."""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from backend_api.contract.sources import EventSource
from edge_service.config import load_config
from edge_service.detection.detector_config import DetectorConfig
from edge_service.pipeline.eyes import describe_eyes, hash_config, log_eyes
from edge_service.rules.machine import Anchor, AnchorKind, Machine, RuleTimes

BIKE = Machine("bike_1", "Bike 1", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)), RuleTimes())
MOCK = DetectorConfig(kind="mock")
CONFIG = """
machines:
  - {machine_id: bike_1, name: Bike, kind: bike, zone: [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}
"""


def test_weights_are_named_by_name_and_content(tmp_path: Path) -> None:
    model = tmp_path / "eyes.onnx"
    model.write_bytes(b"weights" * 1000)
    eyes = describe_eyes("0.1.0", DetectorConfig(kind="onnx", model=model), [BIKE])
    assert (eyes.edge_version, eyes.detector, eyes.weights) == ("0.1.0", "onnx", "eyes.onnx")
    assert eyes.weights_sha256 == hashlib.sha256(b"weights" * 1000).hexdigest()
    mocked = describe_eyes("0.1.0", MOCK, [BIKE])
    assert (mocked.detector, mocked.weights, mocked.weights_sha256, mocked.is_mocked) == ("mock", None, None, True)


def test_weights_that_are_not_there_are_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.onnx: No such file.*--model"):
        describe_eyes("0.1.0", DetectorConfig(kind="onnx", model=tmp_path / "none.onnx"), [BIKE])


@pytest.mark.parametrize(
    "other",
    [
        replace(BIKE, machine_id="bike_2"),
        replace(BIKE, zone=((0.1, 0.1), (0.4, 0.1), (0.4, 0.51))),
        replace(BIKE, rules=RuleTimes(exit_s=6.0)),
        replace(BIKE, anchor=Anchor(AnchorKind.OVERLAP, 0.3)),
    ],
)
def test_what_decides_what_is_seen_changes_the_hash(other: Machine) -> None:
    assert hash_config(MOCK, [other]) != hash_config(MOCK, [BIKE])
    assert hash_config(replace(MOCK, score=0.5), [BIKE]) != hash_config(MOCK, [BIKE])


def test_names_comments_and_places_do_not(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(CONFIG)
    text = CONFIG.replace("Bike", "Cycle").replace("kind: bike, ", "")
    second.write_text(f"# by the window\n{text}\ndelivery: {{backend_url: 'http://10.0.0.1:8000'}}\n")
    hashes = {hash_config(MOCK, load_config(path).machines) for path in (first, second)}
    assert hashes == {hash_config(MOCK, [BIKE])}


@pytest.mark.parametrize(("is_sample", "level"), [(True, logging.INFO), (False, logging.WARNING)])
def test_mocked_eyes_are_called_mocked(caplog: pytest.LogCaptureFixture, is_sample: bool, level: int) -> None:
    caplog.set_level(logging.INFO)
    log_eyes(describe_eyes("1", MOCK, [BIKE]), is_sample=is_sample, video="gym.mp4")
    [record] = caplog.records
    assert record.levelno == level
    assert record.getMessage().startswith("MOCKED detector: ")
    assert ("INVENTED" in record.getMessage()) != is_sample
    caplog.clear()
    real = EventSource(edge_version="1", detector="onnx", weights="eyes.onnx", weights_sha256="ab" * 32)
    log_eyes(real, is_sample=is_sample, video="gym.mp4")
    assert "eyes.onnx, sha256 abababab;" in caplog.text
    assert "MOCKED" not in caplog.text
