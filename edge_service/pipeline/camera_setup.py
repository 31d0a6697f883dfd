"""What this edge watches, for whoever draws zones elsewhere: its machines, and its configuration without secrets."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from backend_api.contract.cameras import MAX_CONFIG_CHARACTERS, CameraSetup, MachineSetup
from edge_service.rules.machine import Machine
from edge_service.yaml_file import read_yaml

_NAME_CHARACTERS = 100


def describe_setup(store_id: str, machines: Sequence[Machine], config: str | None) -> CameraSetup:
    """The setup as it is sent; a name beyond 100 characters is cut."""
    return CameraSetup(
        store_id=store_id,
        machines=tuple(
            MachineSetup(machine_id=machine.machine_id, name=machine.name[:_NAME_CHARACTERS], zone=machine.zone)
            for machine in machines
        ),
        config=config,
    )


def shareable_config(path: Path, backend_url: str) -> str | None:
    """The settings in the file at `path` as YAML, without its comments: those are notes that nobody meant to send.

    None when `backend_url`, which it names, holds a password, or when it is too long to be sent. Raises UsageError when
    the file cannot be read.
    """
    parts = urlsplit(backend_url)
    if parts.username or parts.password:
        return None
    text = yaml.safe_dump(read_yaml(path).data, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return text if len(text) <= MAX_CONFIG_CHARACTERS else None
