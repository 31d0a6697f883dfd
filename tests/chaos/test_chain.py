"""Two backends on PostgreSQL and a bucket, killed again and again: the chain keeps what one computer keeps.

The seed is printed; GYM_CHAOS_SEED repeats its kills.
"""

import os
import random
from dataclasses import replace
from pathlib import Path

from backend_api.contract.events import StoredEvent
from tests.chaos.chain import CAMERAS, Chain, ChainOutcome
from tests.chaos.outcome import Fact
from tests.chaos.run import play

# How often each of them is killed; the servers are away for a while then.
KILLS = {
    "backend 1": 10,
    "backend 2": 10,
    "worker 1": 7,
    "worker 2": 7,
    "cam_01": 6,
    "cam_02": 6,
    "postgres": 9,
    "pgbouncer": 3,
    "bucket": 2,
}
# At this speed the cameras' two minutes last about as long as the kills.
SPEED = "2"


def test_a_chain_loses_nothing_and_doubles_nothing(whole_sample: Path, tmp_path: Path) -> None:
    seed = int(os.environ.get("GYM_CHAOS_SEED") or random.SystemRandom().randrange(2**31))
    print(f"\nGYM_CHAOS_SEED={seed}")
    # On one computer, on SQLite and a folder, each camera by itself.
    expected = {
        fact.event_id: fact
        for camera_id in CAMERAS
        for fact in play(whole_sample, tmp_path / f"undisturbed {camera_id}", camera_id=camera_id).facts
    }
    outcome = _run(whole_sample, tmp_path / "chain", random.Random(seed))
    got = {fact.event_id: fact for fact in outcome.facts[0]}
    print(
        f"{len(expected)} events, {outcome.kills.total()} kills {dict(outcome.kills)}, {outcome.cut_answers} answers "
        f"cut off; {len(expected.keys() - got.keys())} lost, {len(outcome.facts[0]) - len(got)} doubled, "
        f"{len(got.keys() - expected.keys())} made up; {len(outcome.acknowledged)} events of others acknowledged, "
        f"{len(set(outcome.acknowledged) - set(outcome.posted))} lost; {len(outcome.log_ids)} changes, read in "
        f"{outcome.connections} connections; the doctor: {outcome.doctor}\n"
        f"ended by themselves: {dict(outcome.last_words)}"
    )
    assert expected
    assert outcome.facts[0] == outcome.facts[1]
    assert len(outcome.facts[0]) == len(got)
    # An attempt that arrives 30 s after its END, as when a server was away, finds that END asked about.
    unasked = {event_id for event_id, fact in expected.items() if "_END" in fact.body and fact.verdict is None}
    as_unasked = {key: replace(fact, verdict=None, frame_urls=()) for key, fact in got.items() if key in unasked}
    assert got | as_unasked == expected
    assert outcome.acknowledged
    assert sorted(outcome.posted) == sorted(outcome.acknowledged)
    _check_streams(outcome, got)
    assert outcome.doctor.startswith("0: "), outcome.doctor


def _run(video: Path, folder: Path, rng: random.Random) -> ChainOutcome:
    folder.mkdir()
    order = [name for name, count in KILLS.items() for _ in range(count)]
    rng.shuffle(order)
    chain = Chain(video, folder, rng, speed=SPEED)
    try:
        chain.start()
        for name in order:
            chain.kill(name)
        return chain.finish()
    finally:
        chain.close()


def _check_streams(outcome: ChainOutcome, got: dict[str, Fact]) -> None:
    """Both are whole, without repeats, and in the order of the log; each event and verdict is told."""
    for messages in outcome.streams:
        assert [int(one.id) for one in messages] == outcome.log_ids
        told = [(one.kind, _event_id(one.data)) for one in messages if one.kind != "camera"]
        new = [event_id for kind, event_id in told if kind == "event"]
        assert sorted(new) == sorted([*got, *outcome.posted])
        assert {event_id for kind, event_id in told if kind == "verdict"} >= {
            fact.event_id for fact in got.values() if fact.verdict is not None
        }
    first, second = ([(one.id, one.kind) for one in messages] for messages in outcome.streams)
    assert first == second


def _event_id(data: str) -> str:
    return str(StoredEvent.model_validate_json(data).event_id)
