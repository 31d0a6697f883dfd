"""Instants as the database keeps them: whole milliseconds since 1970-01-01 in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970, rounded down; exact, unlike the detour over a float. `instant` must be aware."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The aware instant in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND
