"""The configuration in a camera's setup: YAML whose top is sections, as every page that shows or changes it expects."""

from typing import TYPE_CHECKING

import yaml
from pydantic import TypeAdapter, ValidationError

from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.values import Zone
from backend_api.contract.zone_versions import ZoneSet

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    # The parser in C takes a quarter of the time, and knows how deep it may go.
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_AREAS: TypeAdapter[tuple[Zone, ...]] = TypeAdapter(tuple[Zone, ...])


def zones_in(setup: CameraSetup) -> ZoneSet | None:
    """The zones that the edge uses; None where it keeps back its configuration, or sends none that can be drawn."""
    config = check_config(setup.config)
    privacy = config.get("privacy")
    if setup.config is None:
        return None
    try:
        areas = _AREAS.validate_python((privacy if isinstance(privacy, dict) else {}).get("areas") or ())
        return ZoneSet(machines=setup.machines, areas=areas)
    except ValidationError:
        return None


def check_config(text: str | None) -> dict[str, object]:
    """The sections in `text`, none when it is null. Raises OutOfBounds when it is something else than YAML with these."""
    if text is None:
        return {}
    try:
        config = yaml.load(text, Loader=Loader)  # noqa: S506 - either loader makes plain values alone
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise OutOfBounds("config", f"no YAML: {reason}; send the edge's configuration file as it is") from error
    if not isinstance(config, dict) or not all(isinstance(name, str) for name in config):
        raise OutOfBounds("config", "YAML without sections; send the edge's configuration file as it is")
    return config
