"""Days for tests that go by the real clock: none of them ends while a test looks at it."""

import threading
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from backend_api.base.clock import SystemClock

_CLOCK = SystemClock()
# Longer than from here to where a test looks at the page, and on both sides: some begin with what was a minute ago.
MARGIN = timedelta(minutes=2)


def today(zone: tzinfo = UTC) -> date:
    """The day that it is in `zone`; around midnight it is waited for, until yesterday is two minutes ago."""
    _CLOCK.wait(threading.Event(), to_wait(_CLOCK.now(), zone).total_seconds())
    return _CLOCK.now().astimezone(zone).date()


def yesterday(zone: tzinfo = UTC) -> date:
    """The day before `today`."""
    return today(zone) - timedelta(days=1)


def to_wait(now: datetime, zone: tzinfo) -> timedelta:
    """How long it is until `now` is away from midnight in `zone`."""
    day = (now + MARGIN).astimezone(zone).date()
    return max(timedelta(), datetime.combine(day, time(), zone).astimezone(UTC) + MARGIN - now)
