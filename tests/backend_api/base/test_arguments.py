"""The command line: a mistake is one line with the cure, and every number has its bounds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend_api.base.arguments import ArgumentParser, amount, count, folder, integer, port, seconds
from backend_api.base.process import UsageError


def parse(kind: Callable[[str], object], text: str) -> object:
    parser = ArgumentParser()
    parser.add_argument("--flag", type=kind)
    return parser.parse_args([f"--flag={text}"]).flag


def test_a_wrong_flag_is_a_usage_error_that_points_at_the_help() -> None:
    parser = ArgumentParser()
    parser.add_argument("--port", type=int)
    with pytest.raises(UsageError, match=r"--port.*see --help"):
        parser.parse_args(["--port", "many"])


def test_an_address_is_no_folder() -> None:
    parser = ArgumentParser()
    parser.add_argument("--media-dir", type=folder)
    assert parser.parse_args(["--media-dir", "a:/b"]).media_dir == Path("a:/b")
    with pytest.raises(UsageError, match=r"--media-dir: s3://clips is no folder; .*see --help"):
        parser.parse_args(["--media-dir", "s3://clips"])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (port, "0", 0),
        (port, "65535", 65535),
        (integer, "-7", -7),
        (integer, "0042", 42),
        (count(0), "0", 0),
        (count(1), "999999999999999", 999_999_999_999_999),
        (count(1, most=8), "8", 8),
        (seconds(above=0, most=10), "1e-3", 0.001),
        (seconds(most=10), "0", 0.0),
        (amount(above=0, most=1e6), "1000000", 1e6),
        (amount(least=2, most=3), "2", 2.0),
    ],
)
def test_what_lies_within_the_bounds_is_taken(kind: Callable[[str], object], text: str, value: float) -> None:
    assert parse(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "texts", "cure"),
    [
        (port, ["65536", "-1", "8000.0", "", "٣", "9" * 5000], "is no port: give a number from 0 to 65535"),
        (integer, ["", "-", "--1", "1.5", "1e3", "٣", "9" * 16, "1_000"], "is no whole number of at most 15 digits"),
        (count(0), ["-1", "1.5", "²", "9" * 16], "is no count: give 0, 1, 2, ..."),
        (count(1), ["0", "many"], "is no count: give 1, 2, 3, ..."),
        (count(1, most=8), ["0", "9"], "is no count: give 1, 2, 3, ... 8"),
        (seconds(above=0, most=86_400), ["0", "nan", "inf", "soon", "86401"], "give seconds above 0, at most 86400"),
        (seconds(most=1e9), ["-0.1", "nan", "-inf", "1e10"], "is no duration: give seconds from 0 to 1000000000"),
        (amount(most=1e12), ["-1", "inf", "1e13", "much"], "is no amount: give a number from 0 to 1000000000000"),
    ],
)
def test_what_does_not_is_named_with_what_would(kind: Callable[[str], object], texts: list[str], cure: str) -> None:
    for text in texts:
        with pytest.raises(UsageError) as raised:
            parse(kind, text)
        assert str(raised.value).startswith("argument --flag: ")
        assert cure in str(raised.value)
        assert str(raised.value).endswith("; see --help")
