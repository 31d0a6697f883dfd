"""The decisions in docs/decisions/: numbered, listed, and each whole."""

import re
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY

FOLDER = REPOSITORY / "docs" / "decisions"
DECISIONS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_decisions_are_numbered_without_a_hole_and_each_is_in_the_index() -> None:
    assert [path.name[:5] for path in DECISIONS] == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in DECISIONS:
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(" ", 1)[1]
        assert f"[{title}]({path.name})" in index, path.name


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_when_why_what_else_and_what_follows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.search(r"^20\d\d-\d\d-\d\d", text, re.M)
    assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Decision", "Turned down", "Consequence"]
