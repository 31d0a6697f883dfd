"""alerts.yaml: what is told, from which thresholds on, and to which targets; secrets come from the environment."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from backend_api.alerts.times import Hours, parse_clock
from backend_api.base.http_client import check_address
from backend_api.base.process import REPOSITORY, UsageError
from backend_api.base.yaml_file import Place, Text, YamlFile, read_yaml, section
from backend_api.contract.alerts import DIGESTS, AlertKind
from backend_api.contract.values import Name, TimeZoneName

DEFAULT_ALERTS = REPOSITORY / "backend_api" / "alerts.yaml"
MAX_TARGETS = 32
MAX_STORES = 1000
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# user:password@ with a password that is written out.
_WRITTEN_PASSWORD = re.compile(r"://[^/?@]*:(?!\$\{)[^/?@$]+@")
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_ZONE: TypeAdapter[str] = TypeAdapter(TimeZoneName)

_Flag = Annotated[bool, Field(strict=True)]
_Minutes = Annotated[float, Field(strict=True, gt=0, le=10_080, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Switch:
    """A kind without a threshold."""

    on: _Flag = True


@dataclass(frozen=True, slots=True)
class Lasting:
    """A kind that is told once it has lasted for `after_min` minutes."""

    on: _Flag = True
    after_min: _Minutes = 5.0


@dataclass(frozen=True, slots=True)
class Uncleaned:
    """`after_min`: so long after a window has closed the edge may still tell of an attempt in it."""

    on: _Flag = True
    after_min: _Minutes = 1.0


@dataclass(frozen=True, slots=True)
class Silent:
    """A camera or a worker that says nothing; what they say is written down once a minute, so two are the least."""

    on: _Flag = True
    after_min: Annotated[float, Field(strict=True, ge=2, le=10_080, allow_inf_nan=False)] = 5.0


@dataclass(frozen=True, slots=True)
class Old:
    """The oldest question to the model has waited for longer than `after_min` minutes."""

    on: _Flag = True
    after_min: _Minutes = 60.0


@dataclass(frozen=True, slots=True)
class Disk:
    """Less than `min_free_gb` gigabytes (10^9 bytes) are free."""

    on: _Flag = True
    min_free_gb: Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)] = 2.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """At least `events` events have waited at an edge for `after_min` minutes."""

    on: _Flag = True
    events: Annotated[int, Field(strict=True, ge=1, le=10**9)] = 100
    after_min: _Minutes = 10.0


@dataclass(frozen=True, slots=True)
class Kinds:
    """Each kind of alert: whether it is told, and from when on."""

    window_uncleaned: Annotated[Uncleaned, section(Uncleaned)] = field(default_factory=Uncleaned)
    verdict_dead: Annotated[Switch, section(Switch)] = field(default_factory=Switch)
    camera_silent: Annotated[Silent, section(Silent)] = field(default_factory=Silent)
    camera_blind: Annotated[Lasting, section(Lasting)] = field(default_factory=Lasting)
    camera_moved: Annotated[Switch, section(Switch)] = field(default_factory=Switch)
    camera_covered: Annotated[Switch, section(Switch)] = field(default_factory=Switch)
    camera_dark: Annotated[Switch, section(Switch)] = field(default_factory=Switch)
    worker_away: Annotated[Silent, section(Silent)] = field(default_factory=Silent)
    queue_old: Annotated[Old, section(Old)] = field(default_factory=Old)
    disk_low: Annotated[Disk, section(Disk)] = field(default_factory=Disk)
    outbox_grows: Annotated[Outbox, section(Outbox)] = field(default_factory=Outbox)
    cap_reached: Annotated[Switch, section(Switch)] = field(default_factory=Switch)
    target_failed: Annotated[Switch, section(Switch)] = field(default_factory=Switch)

    def tells(self, kind: AlertKind) -> bool:
        """Whether alerts of `kind` are told; digests are told to whom wants them."""
        return kind in DIGESTS or bool(getattr(self, kind.value).on)


@dataclass(frozen=True, slots=True)
class Target:
    """One place that alerts go to: an apprise address, or a webhook with its secret; `url` has its secrets in it.

    `secrets` are what must be shown nowhere.
    """

    name: str
    url: str = field(repr=False)
    is_webhook: bool
    secret: bytes = field(repr=False, default=b"")
    secrets: tuple[str, ...] = field(repr=False, default=())
    kinds: frozenset[AlertKind] = frozenset(AlertKind) - DIGESTS
    stores: frozenset[str] | None = None
    hours: Hours | None = None
    quiet: Hours | None = None
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - immutable
    has_pictures: bool = True
    digest_at: time | None = None
    digest_has_pictures: bool = False

    @property
    def way(self) -> str:
        """How it is told: `webhook`, or its address's scheme."""
        return "webhook" if self.is_webhook else self.url.partition(":")[0].lower()


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """All of alerts.yaml."""

    targets: tuple[Target, ...] = ()
    common: Kinds = field(default_factory=Kinds)
    by_store: Mapping[str, Kinds] = field(default_factory=dict)
    dashboard_url: str | None = None
    remind_after_h: float = 24.0

    def kinds(self, store_id: str | None) -> Kinds:
        """What is told of a store; of the whole installation for None."""
        return self.common if store_id is None else self.by_store.get(store_id, self.common)


def _hours(value: object) -> Hours:
    return Hours.parse(str(_TEXT.validate_python(value)))


def _clock(value: object) -> time:
    return parse_clock(str(_TEXT.validate_python(value)))


_TEXT: TypeAdapter[str] = TypeAdapter(Text)


def _name(text: str) -> str:
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        cure = "use at most 64 letters, digits, '_', '-' or '.', a letter or digit first"
        raise ValueError(f"{text!r} is no name; {cure}") from error


def _kind(text: str) -> AlertKind:
    if text not in set(AlertKind) - DIGESTS:
        raise ValueError(f"{text!r} is no kind of alert; known are {', '.join(sorted(set(AlertKind) - DIGESTS))}")
    return AlertKind(text)


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ZONE.validate_python(text))
    except ValidationError as error:
        raise ValueError(f"there is no time zone {text!r}; give an IANA name such as Europe/Berlin") from error


_NamePart = Annotated[Text, AfterValidator(_name)]


@dataclass(frozen=True, slots=True)
class _Digest:
    at: Annotated[time, BeforeValidator(_clock)]
    pictures: _Flag = False


@dataclass(frozen=True, slots=True)
class _TargetSection:
    name: _NamePart
    url: Text | None = None
    webhook: Text | None = None
    secret: Text | None = None
    kinds: Annotated[tuple[Annotated[Text, AfterValidator(_kind)], ...], Field(min_length=1)] | None = None
    stores: Annotated[tuple[_NamePart, ...], Field(min_length=1)] | None = None
    hours: Annotated[Hours, BeforeValidator(_hours)] | None = None
    quiet: Annotated[Hours, BeforeValidator(_hours)] | None = None
    tz: Annotated[Text, AfterValidator(_zone)] | None = None
    pictures: _Flag = True
    digest: Annotated[_Digest, section(_Digest)] | None = None


@dataclass(frozen=True, slots=True)
class _StoreSection:
    store_id: _NamePart
    kinds: Annotated[Kinds, section(Kinds)]


@dataclass(frozen=True, slots=True)
class _File:
    targets: Annotated[tuple[Annotated[_TargetSection, section(_TargetSection)], ...], Field(max_length=MAX_TARGETS)]
    dashboard_url: Text | None = None
    remind_after_h: Annotated[float, Field(strict=True, ge=1, le=720, allow_inf_nan=False)] = 24.0
    kinds: Annotated[Kinds, section(Kinds)] = field(default_factory=Kinds)
    stores: Annotated[tuple[Annotated[_StoreSection, section(_StoreSection)], ...], Field(max_length=MAX_STORES)] = ()


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_alerts(path: Path, environment: Mapping[str, str]) -> AlertsConfig:
    """Read the file at `path`; `${NAME}` in an address or a secret is what `environment` has of that name.

    Raises UsageError that names the file, the line, the key, and what to write instead; no secret is in it.
    """
    file = read_yaml(path, "--alerts", needs="targets")
    read = file.read(_FILE)
    if read.dashboard_url is not None:
        _check_dashboard(file, read.dashboard_url)
    targets: dict[str, Target] = {}
    for number, part in enumerate(read.targets):
        if part.name in targets:
            raise file.error(("targets", number, "name"), f"{part.name} is another target's name, too; give another")
        targets[part.name] = _target(file, number, part, environment)
    return AlertsConfig(
        tuple(targets.values()),
        read.kinds,
        _by_store(file, read),
        read.dashboard_url.rstrip("/") if read.dashboard_url else None,
        read.remind_after_h,
    )


def _check_dashboard(file: YamlFile, url: str) -> None:
    try:
        check_address(url, "it", "http://192.168.1.5:8501")
    except UsageError as error:
        raise file.error(("dashboard_url",), str(error)) from error


def _by_store(file: YamlFile, read: _File) -> dict[str, Kinds]:
    found: dict[str, Kinds] = {}
    for number, part in enumerate(read.stores):
        if part.store_id in found:
            raise file.error(("stores", number, "store_id"), f"{part.store_id} stands here twice; write it as one")
        given = file.data["stores"][number]["kinds"]
        found[part.store_id] = _merged(read.kinds, part.kinds, given)
    return found


def _merged(common: Kinds, own: Kinds, given: Mapping[str, Mapping[str, Any]]) -> Kinds:
    """The common thresholds with what a store has of its own."""
    changed = {
        kind: replace(getattr(common, kind), **{key: getattr(getattr(own, kind), key) for key in keys})
        for kind, keys in given.items()
    }
    return replace(common, **changed)


def _target(file: YamlFile, number: int, part: _TargetSection, environment: Mapping[str, str]) -> Target:
    place: Place = ("targets", number)
    if (part.url is None) == (part.webhook is None):
        raise file.error(place, "needs one of url (an apprise address) and webhook (an https address); write one")
    if (part.webhook is None) != (part.secret is None):
        raise file.error(place, "a webhook needs a secret, and nothing else has one; write both or neither")
    key = "url" if part.webhook is None else "webhook"
    url, secrets = _filled(file, (*place, key), part.url or part.webhook or "", environment)
    secret = b""
    if part.secret is not None:
        text, found = _filled(file, (*place, "secret"), part.secret, environment)
        if text != found.get(next(iter(found), ""), ""):
            raise file.error((*place, "secret"), "must come from the environment; write it like ${WEBHOOK_SECRET}")
        secret = _webhook_secret(file, (*place, "secret"), text)
        secrets |= found
        _check_webhook(file, (*place, key), url)
    return Target(
        name=part.name,
        url=url,
        is_webhook=part.webhook is not None,
        secret=secret,
        secrets=tuple(secrets.values()),
        kinds=frozenset(part.kinds) if part.kinds else frozenset(AlertKind) - DIGESTS,  # type: ignore[arg-type]
        stores=frozenset(part.stores) if part.stores else None,
        hours=part.hours,
        quiet=part.quiet,
        zone=part.tz or ZoneInfo("UTC"),  # type: ignore[arg-type]
        has_pictures=part.pictures,
        digest_at=part.digest.at if part.digest else None,
        digest_has_pictures=bool(part.digest and part.digest.pictures),
    )


def _filled(file: YamlFile, place: Place, text: str, environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """`text` with its variables filled in, and these. Raises UsageError for one that is not set."""
    if _WRITTEN_PASSWORD.search(text):
        raise file.error(place, "holds a password; put it into the environment, and write ${MAIL_PASSWORD} here")
    found: dict[str, str] = {}
    for name in _VARIABLE.findall(text):
        value = environment.get(name, "")
        if not value:
            raise file.error(place, f"the environment variable {name} is not set; set it before the backend starts")
        found[name] = value
    if _VARIABLE.fullmatch(text):
        return found[text[2:-1]], found
    # In a longer address it is one part, whatever signs it has.
    return _VARIABLE.sub(lambda match: quote(found[match[1]], safe=""), text), found


def _webhook_secret(file: YamlFile, place: Place, text: str) -> bytes:
    """The key of whsec_ and base64 (Standard Webhooks, "Signature scheme": 24 to 64 bytes)."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        cure = 'make one with: echo "whsec_$(openssl rand -base64 32)"'
        raise file.error(place, f"is no secret of a webhook, which is whsec_ and 24 to 64 bytes in base64; {cure}")
    return key


def _check_webhook(file: YamlFile, place: Place, url: str) -> None:
    try:
        check_address(url, "it", "https://example.org/hook")
    except UsageError as error:
        # Its text may hold what came from the environment.
        raise file.error(place, "is no http or https address; give one such as https://example.org/hook") from error


def describe_limits(target: Target) -> str:
    """What `target` is told, in words."""
    parts = ["everything" if len(target.kinds) == len(fields(Kinds)) else ", ".join(sorted(target.kinds))]
    if target.stores is not None:
        parts.append(f"of {', '.join(sorted(target.stores))}")
    if target.hours is not None:
        parts.append(f"at {target.hours}")
    if target.quiet is not None:
        parts.append(f"quiet at {target.quiet}")
    if target.digest_at is not None:
        parts.append(f"a digest at {target.digest_at:%H:%M}")
    return "; ".join(parts) + (f" ({target.zone.key})" if target.hours or target.quiet else "")
