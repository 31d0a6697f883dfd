"""The file after somebody drew other zones: these in it, all else as it was written, and whole at any instant."""

import difflib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend_api.base.process import UsageError
from backend_api.contract.cameras import MachineSetup
from backend_api.contract.zone_versions import ZoneSet
from edge_service.config import DEFAULT_CONFIG, SAMPLE_CONFIG, load_config
from edge_service.zones.zone_file import ZoneFile, with_zones
from tests.edge_service.crashing_disk import Crash, CrashingDisk, QuickDisk

TRIANGLE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.25))
OURS = [DEFAULT_CONFIG, SAMPLE_CONFIG]
OF_TWO = """\
store_id: gym  # ours
cameras:
- camera_id: a
  video: rtsp://u:p@a/1   # by the door
  machines: [{machine_id: m, name: M, zone: [[0, 0], [1, 0], [1, 1]], rules: {window_s: 60}}]
- camera_id: b
  video: "0"
  machines:
  # the old one
  - {machine_id: m, name: M, zone: [[0, 0], [1, 0], [1, 1]]}
"""


def zones_of(text: str) -> ZoneSet:
    data = yaml.safe_load(text)
    keys = ("machine_id", "name", "kind", "zone")
    machines = [MachineSetup(**{key: entry[key] for key in keys if key in entry}) for entry in data["machines"]]
    return ZoneSet(machines=tuple(machines), areas=(data.get("privacy") or {}).get("areas", ()))


def changed_lines(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:2] not in ("--", "++", "@@")]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_the_same_zones_change_no_byte(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_zones(text, zones_of(text)) == text


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_only_the_lines_of_what_was_drawn_change(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first, second, third = zones_of(text).machines
    moved = second.model_copy(update={"zone": TRIANGLE, "kind": None, "name": "Bike: 1 # by the door"})
    new = with_zones(text, ZoneSet(machines=(first, moved, third)))
    assert changed_lines(text, new) == [
        "-    name: Bike 1",
        "-    kind: bike",
        "-    zone: [[0.39, 0.42], [0.61, 0.42], [0.63, 0.88], [0.37, 0.88]]",
        "+    name: 'Bike: 1 # by the door'",
        "+    zone: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.25]]",
    ]
    added = MachineSetup(machine_id="press_1", name="Press", kind="press", zone=TRIANGLE)
    new = with_zones(text, ZoneSet(machines=(added, third), areas=(TRIANGLE,)))
    assert zones_of(new) == ZoneSet(machines=(third, added), areas=(TRIANGLE,))
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in new.splitlines() if line.lstrip().startswith("#")] == comments
    (tmp_path / "new.yaml").write_text(new, encoding="utf-8")
    found = load_config(tmp_path / "new.yaml")
    assert (found.machines[1].zone, found.privacy.areas) == (TRIANGLE, (TRIANGLE,))


def test_what_a_machine_has_besides_stays(tmp_path: Path) -> None:
    long = "L" * 150
    zone = "zone: [[0, 0], [1, 0], [1, 1]], anchor: center, rules: {exit_s: 3}"
    text = f"machines:\n  - {{machine_id: a, name: {long}, {zone}}}\n"
    machine = MachineSetup(machine_id="a", name=long[:100], kind="bench", zone=TRIANGLE)
    entry: dict[str, Any] = yaml.safe_load(with_zones(text, ZoneSet(machines=(machine,))))["machines"][0]
    assert (entry["name"], entry["kind"], entry["anchor"], entry["rules"]) == (long, "bench", "center", {"exit_s": 3})
    assert tuple(map(tuple, entry["zone"])) == TRIANGLE


def test_of_several_cameras_one_part_changes() -> None:
    machine = MachineSetup(machine_id="m", name="M", zone=TRIANGLE)
    assert (
        with_zones(OF_TWO, ZoneSet(machines=(machine.model_copy(update={"zone": ((0, 0), (1, 0), (1, 1))}),)), "b")
        == OF_TWO
    )
    new = with_zones(OF_TWO, ZoneSet(machines=(machine,), areas=(TRIANGLE,)), "b")
    assert "# ours" in new
    assert "# the old one" in new
    first, second = yaml.safe_load(new)["cameras"]
    assert first == yaml.safe_load(OF_TWO)["cameras"][0]
    assert second["machines"][0]["zone"] == [list(corner) for corner in TRIANGLE]
    assert second["privacy"] == {"areas": [[list(corner) for corner in TRIANGLE]]}
    with pytest.raises(UsageError, match="camera c is no longer in the file"):
        with_zones(OF_TWO, ZoneSet(machines=(machine,)), "c")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gym" / "config.yaml"
    path.parent.mkdir()
    path.write_bytes(SAMPLE_CONFIG.read_bytes())
    path.chmod(0o640)
    return path


def wanted(path: Path) -> ZoneSet:
    zones = zones_of(path.read_text(encoding="utf-8"))
    return zones.model_copy(update={"machines": (zones.machines[0].model_copy(update={"zone": TRIANGLE}),)})


def test_the_one_before_is_kept_with_rights_and_links(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    before = path.read_bytes()
    file = ZoneFile(link, load_config, QuickDisk())
    state = file.state()
    file.put(wanted(path))
    assert file.state() != state
    assert link.is_symlink()
    assert load_config(path).machines[0].zone == TRIANGLE
    assert path.stat().st_mode & 0o777 == 0o640
    assert (path.parent / "config.yaml.before").read_bytes() == before
    state = file.state()
    file.put(wanted(path))
    assert file.state() == state
    assert (path.parent / "config.yaml.before").read_bytes() == before


def test_the_projects_own_file_is_never_written(tmp_path: Path) -> None:
    file = ZoneFile(tmp_path / "own.yaml", load_config, QuickDisk(), template=SAMPLE_CONFIG)
    assert file.path == SAMPLE_CONFIG
    before = SAMPLE_CONFIG.read_bytes()
    file.put(wanted(SAMPLE_CONFIG))
    assert file.path == tmp_path / "own.yaml"
    assert load_config(file.path).machines[0].zone == TRIANGLE
    assert (SAMPLE_CONFIG.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, ["own.yaml"])


def test_a_kill_at_any_instant_leaves_a_file_that_can_be_read(path: Path) -> None:
    before, zones = path.read_bytes(), wanted(path)
    for crash_at in range(100):
        path.write_bytes(before)
        disk = CrashingDisk(path.parent, crash_at, half=True)
        with suppress(Crash):
            ZoneFile(path, load_config, disk).put(zones)
        disk.restore()
        assert load_config(path).machines[0].zone in (TRIANGLE, load_config(SAMPLE_CONFIG).machines[0].zone)
        if disk.operations <= crash_at:
            break
    assert 5 < crash_at < 100
    assert load_config(path).machines[0].zone == TRIANGLE


def test_what_the_edge_could_not_read_is_not_put_in_place(path: Path) -> None:
    before, zones = path.read_bytes(), wanted(path)
    odd = zones.model_copy(update={"machines": (zones.machines[0].model_copy(update={"machine_id": "no id"}),)})
    with pytest.raises(UsageError, match=r"config.yaml:\d+: .*'no id' is no id"):
        ZoneFile(path, load_config, QuickDisk()).put(odd)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["config.yaml"]


def test_a_folder_that_takes_nothing_is_named(path: Path) -> None:
    path.with_name("config.yaml.new.tmp").mkdir()
    with pytest.raises(UsageError, match=r"cannot be written: .*; let the edge's user write it"):
        ZoneFile(path, load_config, QuickDisk()).put(wanted(path))
