"""A hundred kills of what tells alerts: none is lost, and a message is repeated by a kill alone.

Once of a process that only tells, hundreds of alerts a second, and once of the backend as it is, at its own pace.
"""

from pathlib import Path

from tests.backend_api.alerts.killing import kill_senders
from tests.chaos.killed_backend import HOOKS, kill_backends

KILLS = 100


def test_a_hundred_kills_lose_no_alert(tmp_path: Path) -> None:
    outcome = kill_senders(tmp_path, KILLS, seed=4711)
    assert outcome.written - outcome.told.keys() == set()
    assert len(outcome.messages_again) <= KILLS
    print(
        f"{KILLS} kills, {len(outcome.written)} alerts written, none lost; "
        f"{len(outcome.messages_again)} messages told twice, with {len(outcome.again)} alerts"
    )


def test_a_hundred_kills_of_the_backend_lose_no_alert(tmp_path: Path) -> None:
    outcome = kill_backends(tmp_path, KILLS, seed=4711)
    print(
        f"{len(outcome.kills_s)} kills of the backend, {len(outcome.acknowledged)} windows, {HOOKS} webhooks: "
        f"{len(outcome.taken)} messages, {len(outcome.again)} told twice, of which without a kill between sending and "
        f"noting: {len(outcome.unexplained)}; {len(outcome.lost)} alerts lost, {len(outcome.in_two_messages)} in two "
        f"messages; {outcome.mails} mails, {outcome.mails_noted} noted, {len(outcome.not_mailed)} alerts not mailed"
    )
    assert len(outcome.acknowledged) == KILLS
    assert outcome.taken
    assert outcome.lost == []
    assert outcome.in_two_messages == []
    assert outcome.unexplained == set()
    assert outcome.not_mailed == []
    assert outcome.mails_noted <= outcome.mails <= outcome.mails_noted + KILLS
