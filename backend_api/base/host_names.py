"""The names under which a server may be called, so that no page elsewhere reaches it through an operator's browser.

A page whose own name is made to lead here (DNS rebinding) is of the same origin to the browser: the name in the Host
header is the only sign of it. An address is never such a sign, since no page elsewhere has it.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit


def own_names() -> frozenset[str]:
    """The names under which this computer is known to itself and, by multicast DNS, to its network, in lower case."""
    name = socket.gethostname().lower()
    first = name.partition(".")[0]
    return frozenset({"localhost", name, first, f"{first}.local"})


def host_name(header: str) -> str:
    """The name or address in a Host header or behind an origin's scheme, in lower case; "" when it makes no sense."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return ""
    is_plain = not (parts.username or parts.password or parts.path or parts.query or parts.fragment)
    return (parts.hostname or "").lower().rstrip(".") if is_plain else ""


def origin_of(url: str) -> str:
    """The host and port of an address, as in an Origin or Referer header, in lower case; "" when it makes no sense."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def is_allowed(name: str, allowed: Collection[str]) -> bool:
    """Whether a server may answer to `name`: an address, or one of `allowed`, where `*.gym.example` is all below it."""
    patterns = {pattern.strip().lower().rstrip(".") for pattern in allowed}
    return bool(name) and (
        _is_address(name)
        or name in patterns
        or "*" in patterns
        or any(pattern.startswith("*.") and name.endswith(pattern[1:]) for pattern in patterns)
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
