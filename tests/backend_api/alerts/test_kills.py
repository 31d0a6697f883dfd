"""A few kills in every run of the tests; `make chaos` has the hundred."""

from pathlib import Path

import pytest

from tests.backend_api.alerts.killing import kill_senders

pytestmark = pytest.mark.e2e


def test_a_few_kills_lose_no_alert_and_repeat_a_message_a_kill_at_most(tmp_path: Path) -> None:
    outcome = kill_senders(tmp_path, kills=4, seed=20260131)
    assert outcome.written
    assert outcome.written - outcome.told.keys() == set()
    assert len(outcome.messages_again) <= outcome.kills
