"""The edge's configuration: which keys `config.yaml` has, what they may be, and what they are when left out."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from backend_api.base.process import REPOSITORY
from backend_api.base.yaml_file import Place, Text, YamlFile, read_yaml, section
from backend_api.contract.values import Name
from edge_service.clips.timing import ClipConfig
from edge_service.detection.detector_config import DetectorConfig, DetectorKind
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import FEET, Anchor, AnchorKind, Machine, RuleTimes
from edge_service.rules.polygon import Polygon

DEFAULT_CONFIG = REPOSITORY / "edge_service" / "config.yaml"
SAMPLE_CONFIG = REPOSITORY / "edge_service" / "sample_config.yaml"
MAX_MACHINES = 200
MAX_NAME_CHARACTERS = 1000
MAX_KIND_CHARACTERS = 40
_OF_ONNX_ALONE = ("model", "nms", "class_id", "input_size", "runtime", "still_s")
CAMERAS = "cameras"
"""The section that makes a file one of several cameras."""
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_S = TypeVar("_S", RuleTimes, DetectorConfig, ClipConfig, PrivacyConfig)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def checked_url(text: str) -> str:
    """`text` as a backend's address, without a slash at its end. Raises ValueError with the cure."""
    cure = "write it like http://127.0.0.1:8000"
    if "@" in text:  # which is told to nobody
        raise ValueError(
            "holds a user name or a password, which are never sent; leave them out, and set GYM_API_KEY to the"
            " backend's key"
        )
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"{text!r} is no address ({error}); {cure}") from error
    if parts.scheme not in ("http", "https") or not has_host or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no address of a backend; {cure}")
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """Where the backend is, and whether clips are sent to it rather than kept in a folder that it reads, too."""

    backend_url: Annotated[Text, AfterValidator(checked_url)] = "http://127.0.0.1:8000"
    upload_clips: Annotated[bool, Field(strict=True)] = False


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """How large the outbox may grow while the backend is away; 1 GiB holds about a million events."""

    max_bytes: Annotated[int, Field(strict=True, ge=1, le=2**50)] = 1024**3


@dataclass(frozen=True, slots=True)
class Config:
    """All of `config.yaml`; each machine carries its own rules, the common ones merged in."""

    machines: tuple[Machine, ...]
    detector: DetectorConfig
    clip: ClipConfig
    delivery: DeliveryConfig
    outbox: OutboxConfig
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)


def checked_id(text: str) -> str:
    """`text` as a name in events. Raises ValueError with the cure."""
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        raise ValueError(
            f"{text!r} is no id; use at most 64 letters, digits, '_', '-' or '.', a letter or digit first"
        ) from error


@dataclass(frozen=True, slots=True)
class _Overlap:
    overlap: Annotated[float, Field(strict=True, gt=0, le=1)]


_OVERLAP = TypeAdapter(Annotated[_Overlap, section(_Overlap)])


def _anchor(value: object) -> Anchor:
    if isinstance(value, dict):
        return Anchor(AnchorKind.OVERLAP, _OVERLAP.validate_python(value).overlap)
    text = _TEXT.validate_python(value)
    if text not in set(AnchorKind):
        raise ValueError(f"{text!r} is no anchor; write {', '.join(AnchorKind)}, or {{overlap: 0.3}}")
    return Anchor(AnchorKind(text))


@dataclass(frozen=True, slots=True)
class MachineSection:
    """A machine as the file has it: of `rules` only what differs from the common ones."""

    machine_id: Annotated[Text, AfterValidator(checked_id)]
    name: Annotated[Text, Field(max_length=MAX_NAME_CHARACTERS)]
    zone: Polygon
    anchor: Annotated[Anchor, BeforeValidator(_anchor)] = FEET
    kind: Annotated[Text, Field(max_length=MAX_KIND_CHARACTERS)] | None = None
    rules: Annotated[RuleTimes, section(RuleTimes)] = field(default_factory=RuleTimes)


Machines = Annotated[tuple[Annotated[MachineSection, section(MachineSection)], ...], Field(max_length=MAX_MACHINES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSections:
    """How a camera is watched; in a file of several, what they have in common, and what one of them has of its own."""

    rules: Annotated[RuleTimes, section(RuleTimes)] = field(default_factory=RuleTimes)
    detector: Annotated[DetectorConfig, section(DetectorConfig)] = field(default_factory=DetectorConfig)
    clip: Annotated[ClipConfig, section(ClipConfig)] = field(default_factory=ClipConfig)
    privacy: Annotated[PrivacyConfig, section(PrivacyConfig)] = field(default_factory=PrivacyConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSections(CameraSections):
    """The sections at the top of every file."""

    delivery: Annotated[DeliveryConfig, section(DeliveryConfig)] = field(default_factory=DeliveryConfig)
    outbox: Annotated[OutboxConfig, section(OutboxConfig)] = field(default_factory=OutboxConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(FileSections):
    machines: Machines


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_config(path: Path) -> Config:
    """Read the file at `path`, of one camera.

    Raises UsageError that names the file, the line, the key, and what to write instead.
    """
    file = read_yaml(path)
    if is_of_cameras(file):
        raise file.error((CAMERAS,), "are several; this needs a file of one camera, with machines at its top")
    read = file.read(_FILE)
    check_detector(file, (), read.detector.kind)
    machines = read_machines(file, (), read.machines, read.rules)
    return Config(machines, found_model(file, read.detector), read.clip, read.delivery, read.outbox, read.privacy)


def is_of_cameras(file: YamlFile) -> bool:
    """Whether the file is one of several cameras (cameras.py)."""
    return isinstance(file.data, dict) and CAMERAS in file.data


def part_of(file: YamlFile, place: Place) -> dict[str, Any]:
    """The section at `place`, which the file has been read with; empty where it is not given."""
    part: Any = file.data
    for step in place:
        part = part[step] if isinstance(step, int) else part.get(step, {})
    return dict(part)


def merged(common: _S, own: _S, given: Iterable[str]) -> _S:
    """`common` with what `own` has of the keys that are `given`."""
    return replace(common, **{key: getattr(own, key) for key in given})


def read_machines(
    file: YamlFile, place: Place, sections: Sequence[MachineSection], common: RuleTimes
) -> tuple[Machine, ...]:
    """The machines in the section at `place`, the `common` rules merged in. Raises UsageError."""
    if not sections:
        raise file.error((*place, "machines"), "is empty; describe at least one machine")
    machines: dict[str, Machine] = {}
    for number, part in enumerate(sections):
        at = (*place, "machines", number)
        if part.machine_id in machines:
            raise file.error(
                (*at, "machine_id"), f"{part.machine_id} is the id of another machine too; give each its own"
            )
        rules = _rules(file, at, common, part)
        machines[part.machine_id] = Machine(part.machine_id, part.name, part.zone, rules, part.anchor, part.kind)
    return tuple(machines.values())


def _rules(file: YamlFile, at: Place, common: RuleTimes, part: MachineSection) -> RuleTimes:
    """The common rules with what the machine `at` has of its own."""
    given = part_of(file, (*at, "rules"))
    rules = merged(common, part.rules, given)
    if rules.attempt_s >= rules.enter_s:
        its_own = (*at, "rules")
        of_its_camera = (*at[:-2], "rules")
        place: Place = its_own if given else of_its_camera if of_its_camera in file.lines else ("rules",)
        raise file.error(
            place,
            f"attempt_s {rules.attempt_s:g} must be less than enter_s {rules.enter_s:g}: a wipe is shorter than a use",
            machine_id=part.machine_id,
        )
    return rules


def check_detector(file: YamlFile, place: Place, kind: DetectorKind | None) -> None:
    """Raises UsageError where the section `detector` below `place` gives a mock what a network alone has."""
    for key, value in part_of(file, (*place, "detector")).items():
        if kind == "mock" and key in _OF_ONNX_ALONE and value is not None:
            problem = f"the mock detector has no {key}; write null or kind: onnx, or remove the line"
            raise file.error((*place, "detector", key), problem)


def found_model(file: YamlFile, config: DetectorConfig) -> DetectorConfig:
    """A relative path of a model is looked for beside the configuration."""
    return replace(config, model=config.model and beside(file, config.model))


def beside(file: YamlFile, path: Path) -> Path:
    """`path` as the file means it: from its folder on, where it is relative; a `~` in front of it is a home."""
    with suppress(RuntimeError):  # nobody of that name has a home here: a file's name may begin so
        path = path.expanduser()
    return file.path.parent / path
