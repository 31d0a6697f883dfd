"""The edge's configuration: which keys `config.yaml` has, what they may be, and what they are when left out."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from backend_api.contract.values import Name
from backend_api.contract.zones import zone_problem
from edge_service.detector_config import DetectorConfig, read_detector
from edge_service.rules.machine import FEET, Anchor, AnchorKind, Machine, Point, RuleTimes
from edge_service.yaml_file import Setting, read_settings

_MACHINE_KEYS = ("machine_id", "name", "zone", "anchor", "rules")
_NAME: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """How many seconds a clip shows before and after its event."""

    pre_s: float = 3.0
    post_s: float = 5.0


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """Where the backend is, and whether clips are sent to it rather than kept in a folder that it reads, too."""

    backend_url: str = "http://127.0.0.1:8000"
    upload_clips: bool = False


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """How large the outbox may grow while the backend is away; 1 GiB holds about a million events."""

    max_bytes: int = 1024**3


@dataclass(frozen=True, slots=True)
class Config:
    """All of `config.yaml`; each machine carries its own rules, the common ones merged in."""

    machines: tuple[Machine, ...]
    detector: DetectorConfig
    clip: ClipConfig
    delivery: DeliveryConfig
    outbox: OutboxConfig


def load_config(path: Path) -> Config:
    """Read the file at `path`. Raises UsageError that names the file, the line, the key, and what to write instead."""
    top = read_settings(path)
    keys = top.section("machines", "rules", "detector", "clip", "delivery", "outbox", required=("machines",))
    return Config(
        machines=_machines(keys["machines"], keys.get("rules")),
        detector=read_detector(keys.get("detector")),
        clip=_clip(keys.get("clip")),
        delivery=_delivery(keys.get("delivery")),
        outbox=_outbox(keys.get("outbox")),
    )


def _machines(setting: Setting, common_rules: Setting | None) -> tuple[Machine, ...]:
    parts = setting.items()
    if not parts:
        raise setting.error("is empty; describe at least one machine")
    common = _rule_times(common_rules, RuleTimes())
    machines: dict[str, Machine] = {}
    for part in parts:
        machine = _machine(part, common_rules, common)
        if machine.machine_id in machines:
            raise part.section(*_MACHINE_KEYS)["machine_id"].error(
                f"{machine.machine_id} is the id of another machine too; give each its own"
            )
        machines[machine.machine_id] = machine
    return tuple(machines.values())


def _machine(setting: Setting, common_rules: Setting | None, common: RuleTimes) -> Machine:
    keys = setting.section(*_MACHINE_KEYS, required=("machine_id",))
    machine_id = _machine_id(keys["machine_id"])
    setting = setting.owned_by(f"machine {machine_id}")
    keys = setting.section(*_MACHINE_KEYS, required=("name", "zone"))
    rules = _rule_times(keys.get("rules"), common)
    if rules.attempt_s >= rules.enter_s:
        culprit = keys.get("rules") or (common_rules or setting).owned_by(setting.owner)
        raise culprit.error(
            f"attempt_s {rules.attempt_s:g} must be less than enter_s {rules.enter_s:g}: a wipe is shorter than a use"
        )
    return Machine(machine_id, keys["name"].text(), _zone(keys["zone"]), rules, _anchor(keys.get("anchor")))


def _machine_id(setting: Setting) -> str:
    try:
        return _NAME.validate_python(setting.text())
    except ValidationError as error:
        raise setting.error(
            f"{setting.value!r} is no id; use at most 64 letters, digits, '_', '-' or '.', a letter or digit first"
        ) from error


def _zone(setting: Setting) -> tuple[Point, ...]:
    points = tuple(_point(part) for part in setting.items())
    if problem := zone_problem(points):
        raise setting.error(problem)
    return points


def _anchor(setting: Setting | None) -> Anchor:
    if setting is None:
        return FEET
    if isinstance(setting.value, dict):
        share = setting.section("overlap", required=("overlap",))["overlap"].number(above=0, most=1)
        return Anchor(AnchorKind.OVERLAP, share)
    text = setting.text()
    if text not in set(AnchorKind):
        raise setting.error(f"{text!r} is no anchor; write {', '.join(AnchorKind)}, or {{overlap: 0.3}}")
    return Anchor(AnchorKind(text))


def _point(setting: Setting) -> Point:
    numbers = setting.items()
    if len(numbers) != 2:
        raise setting.error(f"has {len(numbers)} numbers; a point is [x, y]")
    return numbers[0].number(), numbers[1].number()


def _rule_times(setting: Setting | None, base: RuleTimes) -> RuleTimes:
    if setting is None:
        return base
    keys = setting.section("enter_s", "exit_s", "attempt_s", "window_s")
    return replace(base, **{key: part.number(above=0) for key, part in keys.items()})


def _clip(setting: Setting | None) -> ClipConfig:
    keys = setting.section("pre_s", "post_s") if setting else {}
    return replace(ClipConfig(), **{key: part.number(above=0) for key, part in keys.items()})


def _delivery(setting: Setting | None) -> DeliveryConfig:
    keys = setting.section("backend_url", "upload_clips") if setting else {}
    default = DeliveryConfig()
    return DeliveryConfig(
        backend_url=_url(keys["backend_url"]) if "backend_url" in keys else default.backend_url,
        upload_clips=keys["upload_clips"].truth() if "upload_clips" in keys else default.upload_clips,
    )


def _url(setting: Setting) -> str:
    text = setting.text()
    cure = "write it like http://127.0.0.1:8000"
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise setting.error(f"{text!r} is no address ({error}); {cure}") from error
    if parts.scheme not in ("http", "https") or not has_host or parts.query or parts.fragment:
        raise setting.error(f"{text!r} is no address of a backend; {cure}")
    return text.rstrip("/")


def _outbox(setting: Setting | None) -> OutboxConfig:
    keys = setting.section("max_bytes") if setting else {}
    return OutboxConfig(keys["max_bytes"].whole_number(least=1)) if "max_bytes" in keys else OutboxConfig()
