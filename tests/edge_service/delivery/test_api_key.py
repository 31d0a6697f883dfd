"""Where the edge's key comes from."""

import pytest

from backend_api.base.process import UsageError
from edge_service.delivery.api_key import find_api_key


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


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_what_can_not_stand_in_a_header_is_named_but_not_repeated(key: str) -> None:
    with pytest.raises(UsageError, match="--api-key") as raised:
        find_api_key(key, {})
    assert key not in str(raised.value)
