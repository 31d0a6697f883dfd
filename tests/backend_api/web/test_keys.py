"""API keys: where they come from, and what each allows."""

import pytest

from backend_api.base.process import UsageError
from backend_api.web.keys import Keys, Right

KEYS = Keys.of(["first", "second"], ["reader"], {"GYM_API_KEY": "from-outside"})


@pytest.mark.parametrize(
    ("header", "right"),
    [
        (b"Bearer first", Right.WRITE),
        (b"bearer  second ", Right.WRITE),
        (b"BEARER from-outside", Right.WRITE),
        (b"Bearer reader", Right.READ),
        (b"Bearer firs", Right.NOTHING),
        (b"Bearer firstsecond", Right.NOTHING),
        (b"Basic first", Right.NOTHING),
        (b"first", Right.NOTHING),
        (b"Bearer", Right.NOTHING),
        (b"Bearer \xff\x00", Right.NOTHING),
        (b"", Right.NOTHING),
    ],
)
def test_each_key_allows_what_it_was_given_for(header: bytes, right: Right) -> None:
    assert KEYS.right_of(header) is right


def test_without_any_there_are_none() -> None:
    assert not Keys.of([], [], {"GYM_API_KEY": ""})
    assert Keys.of([], [], {"GYM_API_KEY": "x"})
    assert Keys().right_of(b"Bearer ") is Right.NOTHING


@pytest.mark.parametrize(
    ("writing", "reading", "culprit"),
    [
        ([""], [], "--api-key"),
        (["two words"], [], "--api-key"),
        (["k"], ["schlüssel"], "--read-key"),
        ([], ["r"], "--read-key"),
    ],
)
def test_keys_of_no_use_are_refused_and_not_repeated(writing: list[str], reading: list[str], culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit) as raised:
        Keys.of(writing, reading, {})
    assert "schlüssel" not in str(raised.value)
    assert "two words" not in str(raised.value)


def test_no_key_shows_in_what_is_written_of_them() -> None:
    assert "first" not in repr(KEYS)
