"""What a key may be, and where it comes from."""

import pytest

from backend_api.base.api_key import check_key, find_api_key
from backend_api.base.process import UsageError


@pytest.mark.parametrize(
    ("flag", "environment", "key"),
    [
        (None, {}, None),
        (None, {"GYM_API_KEY": ""}, None),
        (None, {"GYM_API_KEY": "from-outside"}, "from-outside"),
        ("given", {"GYM_API_KEY": "from-outside"}, "given"),
    ],
)
def test_the_flag_comes_before_the_environment(flag: str | None, environment: dict[str, str], key: str | None) -> None:
    assert find_api_key(flag, environment) == key


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "\x00key", "key\x7f"])
def test_what_cannot_stand_in_a_header_is_named_but_not_repeated(key: str) -> None:
    with pytest.raises(UsageError, match="--api-key") as raised:
        find_api_key(key, {})
    assert key not in str(raised.value)
    with pytest.raises(UsageError, match="GYM_API_KEY") as raised:
        find_api_key(None, {"GYM_API_KEY": key})
    assert key not in str(raised.value)


def test_a_key_that_must_be_there_may_not_be_empty() -> None:
    assert check_key("a-key", "--api-key") == "a-key"
    with pytest.raises(UsageError, match="--read-key is empty"):
        check_key("", "--read-key")
