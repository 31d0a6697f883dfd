"""The key that the backend asks for: from the command line, or better from the environment, where nobody lists it."""

from collections.abc import Mapping

from backend_api.base.process import UsageError

VARIABLE = "GYM_API_KEY"


def find_api_key(flag: str | None, environment: Mapping[str, str]) -> str | None:
    """The key of `--api-key`, else of GYM_API_KEY, else None. Raises UsageError when it can not stand in a header."""
    key = flag if flag is not None else environment.get(VARIABLE, "")
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(f"the key of {'--api-key' if flag else VARIABLE} holds a blank or a sign beyond ASCII")
    return key or None
