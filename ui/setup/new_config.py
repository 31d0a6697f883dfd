"""The edge's configuration with other machines in it, all else as it was. Pure."""

from collections.abc import Mapping
from typing import Any

import yaml

from backend_api.contract.cameras import MachineSetup
from ui.setup.desk import Machines

# What the edge cuts a name to before it sends it.
_NAME_CHARACTERS = 100


class NotYaml(ValueError):
    """What the edge sent as its configuration cannot be read."""


def new_config(config: str | None, machines: Machines) -> str:
    """`config`, the edge's present one as YAML, with `machines` in the place of its own; each keeps its own rules.

    Without `config` it is the section `machines` alone. Raises NotYaml.
    """
    settings = _read(config)
    known = {entry.get("machine_id"): entry for entry in settings.get("machines") or []}
    settings["machines"] = [_entry(machine, known.get(machine.machine_id, {})) for machine in machines]
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _read(config: str | None) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(config) if config else {}
    except yaml.YAMLError as error:
        raise NotYaml(f"the configuration that the edge sent is no YAML: {error}") from error
    if not isinstance(settings, dict):
        raise NotYaml("the configuration that the edge sent has no sections")
    return settings


def _entry(machine: MachineSetup, known: Mapping[str, Any]) -> dict[str, Any]:
    # A long name was cut on its way here: as long as nobody changes it, the file keeps it whole.
    is_same_name = str(known.get("name", ""))[:_NAME_CHARACTERS] == machine.name
    return {
        "machine_id": machine.machine_id,
        "name": known["name"] if is_same_name else machine.name,
        "zone": [list(corner) for corner in machine.zone],
        **{key: value for key, value in known.items() if key not in {"machine_id", "name", "zone"}},
    }
