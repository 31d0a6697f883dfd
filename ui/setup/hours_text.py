"""Opening hours as people type them, such as `06:00-12:00, 16:00-22:00` or `closed`; to values and back. Pure."""

import re
from datetime import date

from pydantic import ValidationError

from backend_api.contract.stores import Opening, SpecialDay, StoreSettings, Week

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOSED = "closed"
_OPENING = re.compile(r"(\d{1,2}):?(\d\d)?\s*(?:-|–|to)\s*(\d{1,2}):?(\d\d)?")  # noqa: RUF001 - people type dashes
_SPECIAL = re.compile(r"(\d{4}-\d\d-\d\d)\s*:?\s*(.*)")


class NotUnderstood(ValueError):
    """A text that says no opening hours; the message names it, and what to write instead."""


def hours_text(openings: tuple[Opening, ...]) -> str:
    """The day's openings as text."""
    return ", ".join(f"{opening.opens}-{opening.closes}" for opening in openings) or CLOSED


def read_hours(text: str, where: str) -> tuple[Opening, ...]:
    """The openings that `text` says of the day `where`; none of an empty one. Raises NotUnderstood."""
    if text.strip().casefold() in {"", CLOSED}:
        return ()
    return tuple(_opening(part.strip(), where) for part in text.split(","))


def special_text(days: tuple[SpecialDay, ...]) -> str:
    """Special days, one a line, in order."""
    return "\n".join(f"{day.on}: {hours_text(day.openings)}" for day in sorted(days, key=lambda day: day.on))


def read_special(text: str) -> tuple[SpecialDay, ...]:
    """The special days that the lines of `text` say. Raises NotUnderstood."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _SPECIAL.fullmatch(line)
        if match is None:
            raise NotUnderstood(f"{line!r} is no special day; write 2026-12-24: 10:00-14:00, or 2026-12-25: closed.")
        try:
            found.append(SpecialDay(on=date.fromisoformat(match[1]), openings=read_hours(match[2], match[1])))
        except ValueError as error:
            if isinstance(error, NotUnderstood):
                raise
            raise NotUnderstood(f"{line!r}: {_reason(error)}.") from error
    return tuple(found)


def read_settings(name: str, tz: str, days: dict[str, str], special: str) -> StoreSettings:
    """The form as settings; `days` by weekday, all of them empty when the gym has no hours. Raises NotUnderstood."""
    has_hours = any(text.strip() for text in days.values())
    week = {day: read_hours(text, day.capitalize()) for day, text in days.items()}
    try:
        return StoreSettings(
            name=name.strip(), tz=tz, hours=Week(**week) if has_hours else None, special_days=read_special(special)
        )
    except ValidationError as error:
        raise NotUnderstood(f"{_reason(error).capitalize()}.") from error


def _opening(part: str, where: str) -> Opening:
    match = _OPENING.fullmatch(part)
    if match is None:
        raise NotUnderstood(f"{where}: {part!r} is no opening; write 06:00-22:00, several with commas, or closed.")
    opens, closes = (f"{int(match[i]):02d}:{match[i + 1] or '00'}" for i in (1, 3))
    try:
        return Opening(opens=opens, closes=closes)
    except ValidationError as error:
        raise NotUnderstood(f"{where}: {part!r} is no opening; {_reason(error)}.") from error


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in first["loc"] if not isinstance(step, int))
    text = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        return "times go from 00:00 to 23:59, and closing up to 24:00"
    return text if first["type"] == "value_error" or not field else f"{field}: {text}"
