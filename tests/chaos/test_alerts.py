"""A hundred kills of a process that tells alerts: none is lost, and a message is repeated by a kill alone."""

from pathlib import Path

from tests.backend_api.alerts.killing import kill_senders

KILLS = 100


def test_a_hundred_kills_lose_no_alert(tmp_path: Path) -> None:
    outcome = kill_senders(tmp_path, KILLS, seed=4711)
    assert outcome.written - outcome.told.keys() == set()
    assert len(outcome.messages_again) <= KILLS
    print(
        f"{KILLS} kills, {len(outcome.written)} alerts written, none lost; "
        f"{len(outcome.messages_again)} messages told twice, with {len(outcome.again)} alerts"
    )
