"""How long ago, in few words."""

from datetime import timedelta

import pytest

from ui.now.ages import age, ago, lasting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47.9 * 3600, "47 h"),
        (48 * 3600, "2 days"),
    ],
)
def test_an_age_is_rounded_down(seconds: float, words: str) -> None:
    assert age(timedelta(seconds=seconds)) == words
    assert ago(timedelta(seconds=seconds)) == f"{words} ago"
    assert lasting(timedelta(seconds=seconds)) == f"for {words}"


@pytest.mark.parametrize("seconds", [-5, 0, 59.9])
def test_what_is_younger_than_a_minute_is_now(seconds: float) -> None:
    assert ago(timedelta(seconds=seconds)) == lasting(timedelta(seconds=seconds)) == "just now"
