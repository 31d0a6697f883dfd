"""The command line: a parser whose mistakes are one line, and the types of flags. Each type says what it takes."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from backend_api.base.process import UsageError

# Whole numbers of more digits are a slip of the keyboard, and slow to read (CVE-2020-10735).
_COUNT_DIGITS = 15


class ArgumentParser(argparse.ArgumentParser):
    """The standard parser, whose mistakes are one line like every other: a UsageError that ends with the cure."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError; `message` comes from argparse and names the flag."""
        raise UsageError(f"{message}; see --help")


# Each of these raises argparse.ArgumentTypeError, whose text the parser puts behind the flag's name.


def folder(text: str) -> Path:
    """The folder that a flag names; not an address, which as a path would begin with `s3:`."""
    if "://" in text:
        raise argparse.ArgumentTypeError(f"{text} is no folder; give one of this computer, such as ./data/media")
    return Path(text)


def port(text: str) -> int:
    """A TCP port, 0 to 65535; 0 takes any free one."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return number


def integer(text: str) -> int:
    """A whole number of at most 15 digits, such as a seed."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _COUNT_DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at most {_COUNT_DIGITS} digits")
    return int(text)


def count(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type of whole numbers from `least` (0 or more) on, up to `most` where that is given."""
    end = "..." if most is None else f"... {most}"

    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS else -1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{text!r} is no count: give {least}, {least + 1}, {least + 2}, {end}")
        return number

    return parse


def amount(*, above: float | None = None, least: float = 0.0, most: float) -> Callable[[str], float]:
    """A type of numbers from `least`, or `above` where that is given, to `most`."""
    return _number("amount", "a number", above, least, most)


def seconds(*, above: float | None = None, least: float = 0.0, most: float) -> Callable[[str], float]:
    """A type of durations in seconds from `least`, or `above` where that is given, to `most`."""
    return _number("duration", "seconds", above, least, most)


def _number(what: str, unit: str, above: float | None, least: float, most: float) -> Callable[[str], float]:
    bounds = f"from {least:g} to {most:.15g}" if above is None else f"above {above:g}, at most {most:.15g}"

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        # Not a number is in no range.
        if not (least <= number if above is None else above < number) or not number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no {what}: give {unit} {bounds}")
        return number

    return parse
