"""The configuration in a camera's setup: YAML whose top is sections, as every page that shows or changes it expects."""

from typing import TYPE_CHECKING

import yaml

from backend_api.contract.bounds import OutOfBounds

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    # The parser in C takes a quarter of the time, and knows how deep it may go.
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_config(text: str | None) -> None:
    """Raise OutOfBounds when `text` is neither null nor YAML with sections."""
    if text is None:
        return
    try:
        config = yaml.load(text, Loader=Loader)  # noqa: S506 - either loader makes plain values alone
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise OutOfBounds("config", f"no YAML: {reason}; send the edge's configuration file as it is") from error
    if not isinstance(config, dict) or not all(isinstance(name, str) for name in config):
        raise OutOfBounds("config", "YAML without sections; send the edge's configuration file as it is")
