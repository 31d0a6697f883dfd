"""The new configuration: an edge accepts it, watches the machines in it, and finds all else as it was."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_api.contract.cameras import MachineSetup
from edge_service.cameras import load_cameras
from edge_service.config import Config, load_config
from edge_service.pipeline.camera_reports import describe_setup, shareable_config
from edge_service.rules.machine import RuleTimes
from tests.ui.setup.machines import BIKE, ROWER, machines, make_machine
from tests.zones import SQUARE
from ui.setup.config_file import NotYaml, new_config
from ui.setup.zone_draft import Machines

CONFIG = """\
machines:
  - machine_id: bike_01
    name: "Bike 1"
    zone: [[0, 0], [1, 0], [1, 1]]
    anchor: {overlap: 0.3}
    rules: {window_s: 60}
  - {machine_id: old, name: To be removed, zone: [[0, 0], [1, 0], [1, 1]]}
rules: {enter_s: 7}
detector: {kind: onnx, model: weights/net.onnx, class_id: null, fps: 4}
delivery: {upload_clips: true}
"""


def loaded(text: str) -> Config:
    with TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(text, encoding="utf-8")
        return load_config(path)


def as_sent(text: str) -> str:
    """The configuration as an edge that has `text` in its file sends it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(text, encoding="utf-8")
        sent = shareable_config(path)
    assert sent is not None
    return sent


@given(machines)
@settings(max_examples=25)
def test_an_edge_watches_what_was_drawn(drawn: Machines) -> None:
    config = loaded(new_config(as_sent(CONFIG), drawn))
    assert describe_setup("gym", config.machines, None).machines == drawn


def test_all_but_the_machines_is_kept_and_so_are_a_machines_own_rules() -> None:
    before, after = loaded(CONFIG), loaded(new_config(as_sent(CONFIG), (BIKE, ROWER)))
    bike, rower = after.machines
    assert (bike.zone, bike.anchor, bike.rules) == (SQUARE, before.machines[0].anchor, before.machines[0].rules)
    assert rower.rules == RuleTimes(enter_s=7)
    assert [after.detector.fps, after.delivery, after.clip, after.outbox] == [
        4,
        before.delivery,
        before.clip,
        before.outbox,
    ]
    assert list(yaml.safe_load(new_config(CONFIG, (BIKE,)))) == ["machines", "rules", "detector", "delivery"]


def test_a_name_that_was_cut_on_its_way_stays_whole_until_somebody_changes_it() -> None:
    long = "Läufer " * 30
    config = CONFIG.replace("Bike 1", long)
    [sent, _] = describe_setup("gym", loaded(config).machines, None).machines
    assert yaml.safe_load(new_config(as_sent(config), (sent,)))["machines"][0]["name"] == long
    renamed = sent.model_copy(update={"name": "Bike"})
    assert yaml.safe_load(new_config(as_sent(config), (renamed,)))["machines"][0]["name"] == "Bike"


def test_without_a_configuration_it_is_the_section_of_the_machines() -> None:
    text = new_config(None, (BIKE, ROWER))
    assert list(yaml.safe_load(text)) == ["machines"]
    assert [machine.machine_id for machine in loaded(text).machines] == ["bike_01", "rower_01"]


def test_of_an_edge_with_several_cameras_it_is_the_entry_of_this_one() -> None:
    own = yaml.safe_load(CONFIG.split("delivery")[0]) | {"camera_id": "cam_02", "video": "rtsp://admin:s3cret@cam/2"}
    other = own | {"camera_id": "cam_01", "rules": {"enter_s": 9}}
    common = {"store_id": "gym", "rules": {"exit_s": 4}, "privacy": {"mask": "heads"}}
    with TemporaryDirectory() as folder:
        path = Path(folder, "gym.yaml")
        path.write_text(json.dumps(common | {"cameras": [other, own]}), encoding="utf-8")
        sent = shareable_config(path, camera_id="cam_02")
        assert sent is not None
        text = new_config(sent, (BIKE, ROWER))
        assert "s3cret" not in text
        [drawn] = yaml.safe_load(text)
        # In the file in the place of the old one, with its video.
        whole = common | {"cameras": [other, drawn | {"video": own["video"]}]}
        path.write_text(json.dumps(whole), encoding="utf-8")
        first, second = load_cameras(path).cameras
    assert first.config.machines[0].rules == RuleTimes(enter_s=9, exit_s=4, window_s=60)
    assert describe_setup("gym", second.config.machines, None).machines == (BIKE, ROWER)
    assert second.config.machines[0].rules == RuleTimes(enter_s=7, exit_s=4, window_s=60)
    assert second.config.privacy.mask == "heads"


@given(st.sampled_from(["yes", "null", "~", "007", "1e3", "2026-01-31", "- x", "a: b", "# no", "'", '"', "é\u0301"]))
def test_a_name_that_yaml_could_take_for_something_else_stays_a_name(name: str) -> None:
    [machine] = loaded(new_config(None, (make_machine(name=name),))).machines
    assert machine.name == name


@pytest.mark.parametrize("text", ["[1, 2", "just words", "- a\n- list"])
def test_what_is_no_configuration_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotYaml, match="the edge sent"):
        new_config(text, (MachineSetup(machine_id="a", name="A", zone=SQUARE),))
