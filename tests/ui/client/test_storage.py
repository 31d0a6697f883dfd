"""What the dashboard finds out of the backend's storage."""

import pytest

from tests.ui.canned_backend import CannedBackend, Reply, problem
from ui.client.api import NotUnderstood, Refused
from ui.client.cache import forget_answers
from ui.client.storage import StorageTrouble, forget_storage, storage_trouble

HELD_BACK = b'{"status": "ready", "held_back": "the clips of 8 of 9 events are too old: nothing of that is removed"}'


@pytest.fixture(autouse=True)
def forgotten() -> None:
    forget_storage()


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply(200, "application/json", b'{"status": "ready"}'), None),
        (
            Reply(200, "application/json", HELD_BACK),
            StorageTrouble(
                is_stopped=False, reason="the clips of 8 of 9 events are too old: nothing of that is removed"
            ),
        ),
        (problem(503, "the disk is full"), StorageTrouble(is_stopped=True, reason="the disk is full")),
    ],
)
def test_what_a_person_has_to_see_to(canned: CannedBackend, reply: Reply, trouble: StorageTrouble | None) -> None:
    canned.reply = reply
    assert storage_trouble() == trouble


@pytest.mark.parametrize(
    ("reply", "error"),
    [(problem(401, "a key is needed"), Refused), (Reply(200, "text/html", b"<html>"), NotUnderstood)],
)
def test_another_error_is_not_taken_for_trouble_with_the_storage(
    canned: CannedBackend, reply: Reply, error: type[Exception]
) -> None:
    canned.reply = reply
    with pytest.raises(error):
        storage_trouble()


def test_an_answer_is_kept_for_a_while_and_forgotten_with_all_others(canned: CannedBackend) -> None:
    canned.reply = problem(503, "the disk is full")
    assert storage_trouble() is not None
    canned.reply = Reply(200, "application/json", b'{"status": "ready"}')
    assert storage_trouble() is not None
    forget_answers()
    assert storage_trouble() is None
