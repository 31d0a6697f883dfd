"""The edge's configuration: which keys `config.yaml` has, what they may be, and what they are when left out."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from backend_api.base.process import REPOSITORY
from backend_api.base.yaml_file import Place, Text, YamlFile, read_yaml, section
from backend_api.contract.values import Name
from edge_service.clips.recorder import ClipConfig
from edge_service.detection.detector_config import DetectorConfig
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import FEET, Anchor, AnchorKind, Machine, RuleTimes
from edge_service.rules.polygon import Polygon

DEFAULT_CONFIG = REPOSITORY / "edge_service" / "config.yaml"
SAMPLE_CONFIG = REPOSITORY / "edge_service" / "sample_config.yaml"
MAX_MACHINES = 200
MAX_NAME_CHARACTERS = 1000
MAX_KIND_CHARACTERS = 40
_OF_ONNX_ALONE = ("model", "nms", "class_id", "input_size", "runtime")
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def _url(text: str) -> str:
    cure = "write it like http://127.0.0.1:8000"
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

    backend_url: Annotated[Text, AfterValidator(_url)] = "http://127.0.0.1:8000"
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


def _machine_id(text: str) -> str:
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
class _MachineSection:
    """A machine as the file has it: of `rules` only what differs from the common ones."""

    machine_id: Annotated[Text, AfterValidator(_machine_id)]
    name: Annotated[Text, Field(max_length=MAX_NAME_CHARACTERS)]
    zone: Polygon
    anchor: Annotated[Anchor, BeforeValidator(_anchor)] = FEET
    kind: Annotated[Text, Field(max_length=MAX_KIND_CHARACTERS)] | None = None
    rules: Annotated[RuleTimes, section(RuleTimes)] = field(default_factory=RuleTimes)


@dataclass(frozen=True, slots=True)
class _File:
    machines: Annotated[
        tuple[Annotated[_MachineSection, section(_MachineSection)], ...], Field(max_length=MAX_MACHINES)
    ]
    rules: Annotated[RuleTimes, section(RuleTimes)] = field(default_factory=RuleTimes)
    detector: Annotated[DetectorConfig, section(DetectorConfig)] = field(default_factory=DetectorConfig)
    clip: Annotated[ClipConfig, section(ClipConfig)] = field(default_factory=ClipConfig)
    delivery: Annotated[DeliveryConfig, section(DeliveryConfig)] = field(default_factory=DeliveryConfig)
    outbox: Annotated[OutboxConfig, section(OutboxConfig)] = field(default_factory=OutboxConfig)
    privacy: Annotated[PrivacyConfig, section(PrivacyConfig)] = field(default_factory=PrivacyConfig)


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_config(path: Path) -> Config:
    """Read the file at `path`. Raises UsageError that names the file, the line, the key, and what to write instead."""
    file = read_yaml(path)
    read = file.read(_FILE)
    return Config(_machines(file, read), _detector(file, read), read.clip, read.delivery, read.outbox, read.privacy)


def _machines(file: YamlFile, read: _File) -> tuple[Machine, ...]:
    if not read.machines:
        raise file.error(("machines",), "is empty; describe at least one machine")
    machines: dict[str, Machine] = {}
    for number, part in enumerate(read.machines):
        if part.machine_id in machines:
            raise file.error(
                ("machines", number, "machine_id"),
                f"{part.machine_id} is the id of another machine too; give each its own",
            )
        rules = _rules(file, number, read.rules, part.rules)
        machines[part.machine_id] = Machine(part.machine_id, part.name, part.zone, rules, part.anchor, part.kind)
    return tuple(machines.values())


def _rules(file: YamlFile, number: int, common: RuleTimes, own: RuleTimes) -> RuleTimes:
    """The common rules with what machine `number` has of its own."""
    given = file.data["machines"][number].get("rules", {})
    rules = replace(common, **{key: getattr(own, key) for key in given})
    if rules.attempt_s >= rules.enter_s:
        place: Place = ("machines", number, "rules") if given else ("rules",)
        raise file.error(
            place,
            f"attempt_s {rules.attempt_s:g} must be less than enter_s {rules.enter_s:g}: a wipe is shorter than a use",
            machine_id=file.data["machines"][number]["machine_id"],
        )
    return rules


def _detector(file: YamlFile, read: _File) -> DetectorConfig:
    """A relative path of a model is looked for beside the configuration."""
    config, given = read.detector, file.data.get("detector", {})
    for key in _OF_ONNX_ALONE:
        if config.kind == "mock" and given.get(key) is not None:
            problem = f"the mock detector has no {key}; write null or kind: onnx, or remove the line"
            raise file.error(("detector", key), problem)
    return replace(config, model=config.model and file.path.parent / config.model.expanduser())
