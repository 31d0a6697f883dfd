"""The long run: kill again and again, then compare. The seed is printed; GYM_CHAOS_SEED repeats it."""

import os
import random
from pathlib import Path

import pytest

from tests.chaos.run import play
from tests.processes import Running, script

KILLS = 100


def doctor_command(folder: Path) -> list[str]:
    return [*script("backend_api/doctor.py"), "--db", str(folder / "app.db"), "--media-dir", str(folder / "media")]


@pytest.mark.parametrize("edge_media", ["media", "the edge's own"])
def test_nothing_is_lost_and_nothing_is_doubled(whole_sample: Path, tmp_path: Path, edge_media: str) -> None:
    seed = int(os.environ.get("GYM_CHAOS_SEED") or random.SystemRandom().randrange(2**31))
    print(f"\nGYM_CHAOS_SEED={seed}")
    undisturbed = play(whole_sample, tmp_path / "undisturbed")
    disturbed = play(whole_sample, tmp_path / "disturbed", seed=seed, kills=KILLS, edge_media=edge_media)
    expected, got = {fact.event_id: fact for fact in undisturbed.facts}, {f.event_id: f for f in disturbed.facts}
    lost, doubled = expected.keys() - got.keys(), len(disturbed.facts) - len(got)
    print(
        f"{len(expected)} events, {sum(disturbed.kills.values())} kills {disturbed.kills}, "
        f"{disturbed.cut_answers} answers cut off, {len(lost)} lost, {doubled} doubled, "
        f"{len(got.keys() - expected.keys())} made up"
    )
    assert expected
    assert disturbed.facts == undisturbed.facts
    with Running(doctor_command(tmp_path / "disturbed")) as doctor:
        assert doctor.wait(60) == 0, doctor.output
