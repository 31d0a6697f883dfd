"""The edge's configuration file with other zones in it: all else, comments included, stays as somebody wrote it.

Invariant: the file is whole and can be read by this release at any instant; the one before lies beside it. The steps:
the new text is written beside it and read as the edge would read it, the old text is kept, the new one takes its name.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.util import load_yaml_guess_indent

from backend_api.base.durable_files import Disk
from backend_api.base.process import UsageError
from backend_api.contract.cameras import MachineSetup
from backend_api.contract.values import Zone
from backend_api.contract.zone_versions import ZoneSet

# The setup has names up to this length: a longer one in the file stays whole while nobody changes it.
_NAME_CHARACTERS = 100
# Lines are as long as somebody wrote them.
_WIDTH = 4096


class ZoneFile:
    """The file at `path` or, as long as there is none, `template`, which is never written.

    `camera_id` is the camera's in a file of several. `check` reads a file as the edge does, and raises UsageError.
    """

    def __init__(
        self,
        path: Path,
        check: Callable[[Path], object],
        disk: Disk,
        *,
        template: Path | None = None,
        camera_id: str | None = None,
    ) -> None:
        self._path = path
        self._check = check
        self._disk = disk
        self._template = template
        self._camera_id = camera_id

    @property
    def path(self) -> Path:
        """The file that holds now."""
        return self._path if self._template is None or self._path.exists() else self._template

    def state(self) -> tuple[int, int, int] | None:
        """Something that changes with the file; None while there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def put(self, zones: ZoneSet) -> None:
        """Write `zones` into the file. Raises UsageError, and the file is as it was, when that cannot be done."""
        # A name that leads elsewhere goes on leading there.
        path, present = self._path.resolve(), self.path
        beside = path.with_name(f"{path.name}.new")
        try:
            old = present.read_text(encoding="utf-8-sig")
            new = with_zones(old, zones, self._camera_id).encode()
            if new == old.encode():
                return
            mode = present.stat().st_mode & 0o777
            self._disk.replace(beside, new)
            self._check_new(beside, path)
            if present == self._path:
                self._disk.replace(path.with_name(f"{path.name}.before"), old.encode())
            beside.chmod(mode)
            self._disk.publish(beside, path)
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}; let the edge's user write it and its folder"
            ) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: is not UTF-8 text; save it as UTF-8") from error

    def _check_new(self, beside: Path, path: Path) -> None:
        try:
            self._check(beside)
        except UsageError as error:
            self._disk.remove(beside)
            raise UsageError(str(error).replace(str(beside), str(path))) from error


def with_zones(text: str, zones: ZoneSet, camera_id: str | None = None) -> str:
    """The YAML `text` with the machines and black areas of `zones`; what of it is the same stays as it is written.

    `camera_id` names the part of the text in a file of several cameras. Raises UsageError when there is none.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    _, indent, offset = load_yaml_guess_indent(text)
    yaml.indent(mapping=2, sequence=indent or 4, offset=2 if offset is None else offset)
    data = yaml.load(text)
    part = data if camera_id is None else _part_of(data, camera_id)
    _put_machines(part, zones.machines)
    _put_areas(part, zones.areas)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _part_of(data: Mapping[str, Any], camera_id: str) -> CommentedMap:
    for camera in data["cameras"]:
        if camera["camera_id"] == camera_id:
            part: CommentedMap = camera
            return part
    raise UsageError(f"camera {camera_id} is no longer in the file; it is watched until the edge is started again")


def _put_machines(part: CommentedMap, machines: Sequence[MachineSetup]) -> None:
    present: CommentedSeq = part["machines"]
    known = {entry["machine_id"]: entry for entry in present}
    wanted = [machine.machine_id for machine in machines]
    for machine in machines:
        if machine.machine_id in known:
            _update(known[machine.machine_id], machine)
    for place in reversed(range(len(present))):
        if present[place]["machine_id"] not in wanted:
            del present[place]
    for machine in machines:
        if machine.machine_id not in known:
            entry = CommentedMap(machine_id=machine.machine_id)
            _update(entry, machine)
            present.append(entry)


def _update(entry: CommentedMap, machine: MachineSetup) -> None:
    if str(entry.get("name", ""))[:_NAME_CHARACTERS] != machine.name:
        entry["name"] = machine.name
    if machine.kind is None:
        entry.pop("kind", None)
    elif entry.get("kind") != machine.kind:
        entry.pop("kind", None)
        entry.insert(list(entry).index("name") + 1, "kind", machine.kind)
    if _as_zone(entry.get("zone")) != machine.zone:
        entry["zone"] = _polygon(machine.zone)


def _put_areas(part: CommentedMap, areas: Sequence[Zone]) -> None:
    privacy = part.get("privacy")
    present = privacy.get("areas") if isinstance(privacy, Mapping) else None
    if tuple(_as_zone(area) for area in present or ()) == tuple(areas):
        return
    if not isinstance(privacy, CommentedMap):
        privacy = part["privacy"] = CommentedMap()
        privacy.fa.set_flow_style()
    polygons = CommentedSeq([_polygon(area) for area in areas])
    polygons.fa.set_flow_style()
    privacy["areas"] = polygons


def _polygon(zone: Zone) -> CommentedSeq:
    corners = []
    for corner in zone:
        pair = CommentedSeq(corner)
        pair.fa.set_flow_style()
        corners.append(pair)
    polygon = CommentedSeq(corners)
    polygon.fa.set_flow_style()
    return polygon


def _as_zone(value: object) -> object:
    """The corners that stand there, to be compared."""
    try:
        return tuple((float(x), float(y)) for x, y in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
