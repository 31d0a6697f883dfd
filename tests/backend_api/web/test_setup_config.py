"""The configuration in a setup: sections in YAML, or nothing; anything else is named."""

import pytest

from backend_api.contract.bounds import OutOfBounds
from backend_api.web.setup_config import check_config


@pytest.mark.parametrize("text", [None, "machines: []\n", "rules: {exit_s: 5}\nmachines: [{machine_id: a}]", "{}"])
def test_sections_are_taken(text: str | None) -> None:
    check_config(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "- a list",
        "1: 2",
        "]",
        "a: [",
        "a: " + 20_000 * "[",
        "a: !!python/object:os.system {}",
        "a: \x00",
        "7",
    ],
)
def test_all_else_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(OutOfBounds, match="send the edge's configuration file as it is") as raised:
        check_config(text)
    assert raised.value.field == "config"
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
