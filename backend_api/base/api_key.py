"""Keys that go into an Authorization header: one check, and where each comes from."""

from collections.abc import Mapping

from backend_api.base.process import UsageError

VARIABLE = "GYM_API_KEY"
"""The environment variable of the backend's key: unlike a flag, nobody else on the computer can list it."""


def check_key(key: str, source: str) -> str:
    """`key`, which a header can carry: at least one character, all of them visible ASCII (RFC 9110, 5.5 and 11.4).

    Raises UsageError that names `source`, a flag or a variable, and never shows the key.
    """
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(f"{source} is empty or holds a blank or a character beyond ASCII; give another key")
    return key


def find_api_key(flag: str | None, environment: Mapping[str, str]) -> str | None:
    """The key of `--api-key`, else of GYM_API_KEY, else None; an empty one is none. Raises UsageError."""
    key, source = (environment.get(VARIABLE, ""), VARIABLE) if flag is None else (flag, "--api-key")
    return check_key(key, source) if key else None
