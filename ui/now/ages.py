"""How long ago, in as few words as an overview has room for. Pure."""

from datetime import timedelta

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def ago(span: timedelta) -> str:
    """How long ago, e.g. `just now`, `12 min ago`."""
    return "just now" if span.total_seconds() < _MINUTE_S else f"{age(span)} ago"


def lasting(span: timedelta) -> str:
    """For how long, e.g. `just now`, `for 12 min`."""
    return "just now" if span.total_seconds() < _MINUTE_S else f"for {age(span)}"


def age(span: timedelta) -> str:
    """A length of time, rounded down, e.g. `12 min`, `3 h`, `2 days`."""
    seconds = span.total_seconds()
    if seconds < _HOUR_S:
        return f"{int(seconds // _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{int(seconds // _HOUR_S)} h"
    return f"{int(seconds // _DAY_S)} days"
