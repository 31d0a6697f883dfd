"""A few kills in every run of the tests; `make chaos` has the many."""

from pathlib import Path

import pytest

from tests.chaos.run import play

pytestmark = pytest.mark.e2e
SEED = 20260131


def test_a_few_kills_change_nothing(tiny_sample: Path, tmp_path: Path) -> None:
    undisturbed = play(tiny_sample, tmp_path / "undisturbed")
    disturbed = play(tiny_sample, tmp_path / "disturbed", seed=SEED, kills=3)
    assert sum(disturbed.kills.values()) == 3
    assert undisturbed.facts
    assert disturbed.facts == undisturbed.facts
    assert not list((tmp_path / "disturbed").rglob("*.tmp"))
    assert not (tmp_path / "disturbed" / "outbox" / "cam_01.rejected.jsonl").exists()
