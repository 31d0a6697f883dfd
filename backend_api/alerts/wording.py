"""Alerts in words, for messages, pages and the API. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from backend_api.contract.alerts import CONDITIONS, AlertKind, AlertPhase
from backend_api.store.ledger.alerts import AlertRow

# What it says of one thing while it is so, when it is over, and of several at once.
_WORDS: Mapping[AlertKind, tuple[str, str, str]] = {
    AlertKind.WINDOW_UNCLEANED: ("{machine} was left uncleaned", "", "{count} machines were left uncleaned"),
    AlertKind.VERDICT_DEAD: ("No verdict on {machine}", "", "No verdict on {count} cleaning attempts"),
    AlertKind.CAMERA_SILENT: (
        "Camera {camera} is silent",
        "Camera {camera} reports again",
        "{count} cameras are silent",
    ),
    AlertKind.CAMERA_BLIND: (
        "Camera {camera} is not looked at",
        "Camera {camera} is looked at again",
        "{count} cameras are not looked at",
    ),
    AlertKind.CAMERA_MOVED: (
        "Camera {camera} was moved",
        "Camera {camera} is back in its place",
        "{count} cameras were moved",
    ),
    AlertKind.CAMERA_COVERED: (
        "Camera {camera} is covered or out of focus",
        "Camera {camera} sees clearly again",
        "{count} cameras are covered or out of focus",
    ),
    AlertKind.CAMERA_DARK: ("Camera {camera} is dark", "Camera {camera} has light again", "{count} cameras are dark"),
    AlertKind.WORKER_AWAY: (
        "The worker is away",
        "The worker is back",
        "{count} workers are away",
    ),
    AlertKind.QUEUE_OLD: (
        "Verdicts are late",
        "Verdicts are in time again",
        "Verdicts are late in {count} places",
    ),
    AlertKind.DISK_LOW: ("The disk is nearly full", "The disk has room again", "{count} disks are nearly full"),
    AlertKind.OUTBOX_GROWS: (
        "Events pile up at the edge of camera {camera}",
        "The edge of camera {camera} has sent its events",
        "Events pile up at the edges of {count} cameras",
    ),
    AlertKind.CAP_REACHED: (
        "The model's daily cap is reached",
        "The model may be asked again",
        "{count} daily caps are reached",
    ),
    AlertKind.TARGET_FAILED: (
        "Target {subject} cannot be reached",
        "Target {subject} is reached again",
        "{count} targets cannot be reached",
    ),
    AlertKind.DIGEST_DAY: ("The day in figures", "", ""),
    AlertKind.DIGEST_WEEK: ("The week in figures", "", ""),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What people call machines, by store, camera and id, and stores; and the stores' time zones."""

    machines: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)

    def zone(self, store_id: str | None, otherwise: ZoneInfo) -> ZoneInfo:
        """The zone that times of a store are told in; of the whole installation, the one that its stores share."""
        if store_id is not None and store_id in self.zones:
            return self.zones[store_id]
        shared = set(self.zones.values())
        return shared.pop() if len(shared) == 1 else otherwise


def headline(alert: AlertRow, phase: AlertPhase, names: Names) -> str:
    """What it is, in a few words, such as `Camera cam_01 is silent`."""
    begun, over, _ = _WORDS[alert.kind]
    facts = alert.facts
    key = (alert.store_id or "", facts.camera_id or "", facts.machine_id or "")
    machine = names.machines.get(key, facts.machine_name or facts.machine_id or "a machine")
    text = (over if phase is AlertPhase.OVER else begun).format(
        machine=machine, camera=facts.camera_id or "", subject=alert.subject
    )
    return f"Still: {text}" if phase is AlertPhase.STILL else text


def sentence(alert: AlertRow, phase: AlertPhase, names: Names) -> str:
    """The headline, where it is, and what else there is to say, in a line."""
    store = "" if alert.store_id is None else names.stores.get(alert.store_id, alert.store_id)
    detail = "" if phase is AlertPhase.OVER else alert.facts.detail
    place = f" ({store})" if store else ""
    return f"{headline(alert, phase, names)}{place}{': ' if detail else ''}{detail}"


def plural(kind: AlertKind, count: int) -> str:
    """The headline of several at once, such as `50 cameras are silent`."""
    return _WORDS[kind][2].format(count=count)


def when(alert: AlertRow, phase: AlertPhase, now: datetime, zone: ZoneInfo) -> str:
    """When it was, e.g. `10:32`, with the date unless it is today's; of what lasted, from when to when."""
    began = moment(alert.at, now, zone)
    if phase is AlertPhase.OVER and alert.over_at is not None and alert.kind in CONDITIONS:
        return f"{began} to {moment(alert.over_at, now, zone)}"
    return f"since {began}" if phase is AlertPhase.STILL else began


def moment(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time of day on the wall clock of `zone`, with the date unless it is that of `now`."""
    local = instant.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
