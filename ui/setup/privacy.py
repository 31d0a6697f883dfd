"""What a camera hides, as its configuration says: in words, and its black areas as zones to be drawn. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from backend_api.contract.cameras import CameraSetupState, MachineSetup
from backend_api.contract.zones import Point, zone_problem
from ui.setup.zone_draft import Machines, ZoneDraft, choose, with_words
from ui.text.words import counted

AREA_PREFIX = "black_area_"
"""What the id of an area begins with in the editor; no machine is called so."""
_MASKS = {"heads": "heads are pixelated", "people": "people are pixelated whole"}


def is_area(machine_id: str | None) -> bool:
    """Whether that is the id of a black area."""
    return machine_id is not None and machine_id.startswith(AREA_PREFIX)


def zones_of(setup: CameraSetupState) -> Machines:
    """The camera's machines and, behind them, its black areas."""
    if setup.areas is not None:
        return (*setup.machines, *(area_of(number, zone) for number, zone in enumerate(setup.areas, start=1)))
    areas = [_area(number, corners) for number, corners in enumerate(_areas(_privacy(setup.config)), start=1)]
    return (*setup.machines, *(area for area in areas if area is not None))


def with_areas(settings: Mapping[str, Any], zones: Machines) -> dict[str, Any]:
    """The configuration's `settings` with the areas among `zones` in the place of its own."""
    areas = [[list(corner) for corner in zone.zone] for zone in zones if is_area(zone.machine_id)]
    privacy = settings.get("privacy")
    if not areas and not (isinstance(privacy, dict) and privacy.get("areas")):
        return dict(settings)
    return {**settings, "privacy": {**(privacy if isinstance(privacy, dict) else {}), "areas": areas}}


def new_area(draft: ZoneDraft) -> ZoneDraft:
    """Begin to draw a black area."""
    numbers = [int(tail) for zone in draft.machines if (tail := zone.machine_id.removeprefix(AREA_PREFIX)).isdigit()]
    number = max(numbers, default=0) + 1
    return with_words(choose(draft, None), name=f"Black area {number}", machine_id=f"{AREA_PREFIX}{number}")


def keeps_pictures(setup: CameraSetupState) -> bool:
    """Whether the camera keeps and sends pictures: by its edge's word, or, of an earlier release, its configuration."""
    return setup.keeps_pictures and _privacy(setup.config).get("pictures") != "none"


def privacy_words(setup: CameraSetupState) -> str | None:
    """What the camera hides, in a sentence; None where the edge keeps back the configuration that would say it."""
    if not keeps_pictures(setup):
        return "No pictures: events and figures alone."
    if setup.config is None:
        return None
    privacy = _privacy(setup.config)
    parts = [_MASKS[mask] for mask in [str(privacy.get("mask"))] if mask in _MASKS]
    if privacy.get("only_zones") is True:
        parts.append("all outside of the machines' zones is pixelated")
    if areas := _areas(privacy):
        parts.append(f"{counted(len(areas), 'area')} {'is' if len(areas) == 1 else 'are'} black")
    return f"{'; '.join(parts).capitalize()}." if parts else "Nothing is hidden in this camera's pictures."


def _privacy(config: str | None) -> Mapping[str, Any]:
    try:
        settings = yaml.safe_load(config) if config else None
    except yaml.YAMLError:
        return {}
    privacy = settings.get("privacy") if isinstance(settings, dict) else None
    return privacy if isinstance(privacy, dict) else {}


def _areas(privacy: Mapping[str, Any]) -> Sequence[Any]:
    areas = privacy.get("areas")
    return areas if isinstance(areas, list) else []


def area_of(number: int, zone: tuple[Point, ...]) -> MachineSetup:
    """The `number`th black area as the editor draws it."""
    return MachineSetup(machine_id=f"{AREA_PREFIX}{number}", name=f"Black area {number}", zone=zone)


def _area(number: int, corners: object) -> MachineSetup | None:
    try:
        zone: tuple[Point, ...] = tuple((float(x), float(y)) for x, y in corners)  # type: ignore[attr-defined]
        return None if zone_problem(zone) else area_of(number, zone)
    except (TypeError, ValueError, ValidationError):
        return None
