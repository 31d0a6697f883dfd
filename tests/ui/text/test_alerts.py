"""What was told to whom, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from backend_api.contract.alerts import Alert, AlertFacts, AlertKind, AlertPhase, MessageStatus, TargetState, Telling
from ui.now.told import worth_showing
from ui.text.alerts import alert_badge, is_in_trouble, state_in_words, target_badge, told_in_words
from ui.text.local_time import Zone

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ZONE = Zone.from_name("UTC")
BEGAN, OVER = AlertPhase.BEGAN, AlertPhase.OVER
SENT, PENDING, DEAD = MessageStatus.SENT, MessageStatus.PENDING, MessageStatus.DEAD


def alert(*told: Telling, number: int = 1, hours_ago: float = 1.0, **fields: object) -> Alert:
    values = {"over_at": None, "lasts": False, "acknowledged_at": None, "acknowledged_by": None} | fields
    return Alert.model_validate(
        {
            "id": number, "kind": AlertKind.CAMERA_SILENT, "store_id": "gym", "at": NOW - timedelta(hours=hours_ago),
            "text": "Camera cam_01 is silent", "facts": AlertFacts(), "told": told, **values,
        }
    )  # fmt: skip


def telling(target: str, status: MessageStatus | None, phase: AlertPhase = BEGAN, attempts: int = 1) -> Telling:
    return Telling(target=target, phase=phase, status=status, at=NOW, attempts=attempts, answer="HTTP 500")


@pytest.mark.parametrize(
    ("told", "words", "trouble"),
    [
        ([], "nobody was told", False),
        ([telling("phone", SENT), telling("mail", SENT)], "told phone, mail", False),
        ([telling("phone", SENT), telling("phone", SENT, OVER)], "told phone; that it is over: phone", False),
        ([telling("phone", None)], "on its way to phone", False),
        ([telling("phone", PENDING, attempts=0)], "on its way to phone", False),
        ([telling("phone", PENDING, attempts=3)], "could not tell phone, tried 3 times: HTTP 500", True),
        ([telling("phone", PENDING, attempts=1)], "could not tell phone, tried 1 time: HTTP 500", True),
        ([telling("phone", DEAD), telling("mail", SENT)], "told mail; could not tell phone: HTTP 500", True),
    ],
)
def test_who_was_told(told: list[Telling], words: str, trouble: bool) -> None:
    assert told_in_words(alert(*told)) == words
    assert is_in_trouble(alert(*told)) == trouble


def test_when_it_was_and_who_has_seen_it() -> None:
    assert state_in_words(alert(lasts=True), NOW, ZONE) == "since 11:00"
    assert state_in_words(alert(over_at=NOW), NOW, ZONE) == "11:00 to 12:00"
    seen = alert(acknowledged_at=NOW, acknowledged_by="Ann")
    assert state_in_words(seen, NOW, ZONE) == "11:00, seen by Ann at 12:00"


def test_what_lasts_is_shown_first_and_what_is_old_no_more() -> None:
    old, lasting = alert(number=1, hours_ago=30), alert(number=2, hours_ago=60, lasts=True)
    fresh = [alert(number=number) for number in range(3, 12)]
    shown = worth_showing([lasting, *fresh, lasting, old], NOW)
    assert [one.id for one in shown] == [2, *range(3, 12)]


def test_a_target_says_in_a_word_how_it_goes() -> None:
    def badge(**fields: object) -> str:
        values = {
            "name": "phone", "way": "ntfys", "limits": "everything", "waiting": 0, "snoozed_until": None,
            "snoozed_by": None, "last_status": SENT, "last_at": NOW, "last_attempts": 1, "last_answer": "taken",
        }  # fmt: skip
        return target_badge(TargetState.model_validate(values | fields))[1]

    assert badge() == "Works"
    assert badge(last_status=DEAD) == "Failed"
    assert badge(last_status=PENDING) == "Failing"
    assert badge(last_status=PENDING, last_attempts=0) == "Works"
    assert badge(last_status=None) == "Not tried yet"
    assert badge(snoozed_until=NOW) == "Snoozed"


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (alert(telling("phone", DEAD)), "Not told"),
        (alert(telling("phone", DEAD), telling("mail", SENT)), "Partly told"),
        (alert(telling("mail", SENT), lasts=True), "Ongoing"),
        (alert(telling("mail", SENT), over_at=NOW), "Over"),
        (alert(telling("mail", SENT)), "Told"),
        (alert(), "Noted"),
    ],
)
def test_an_alert_says_in_a_word_how_it_stands(one: Alert, word: str) -> None:
    assert alert_badge(one)[1] == word
