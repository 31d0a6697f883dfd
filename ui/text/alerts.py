"""What was told to whom, in words. Pure."""

from datetime import datetime

from backend_api.contract.alerts import Alert, AlertPhase, MessageStatus, TargetState, Telling
from ui.text.local_time import Zone, moment
from ui.text.words import Colour, counted

_DONE = {
    AlertPhase.BEGAN: "told",
    AlertPhase.STILL: "reminded",
    AlertPhase.OVER: "that it is over",
}


def told_in_words(alert: Alert) -> str:
    """Who was told it, who is to be, and who could not be, e.g. `told phone, mail; could not tell hook: HTTP 500`."""
    if not alert.told:
        return "nobody was told"
    parts = []
    for phase, done in _DONE.items():
        sent = [one.target for one in alert.told if one.phase is phase and one.status is MessageStatus.SENT]
        parts += [f"{done}{':' if phase is AlertPhase.OVER else ''} {', '.join(dict.fromkeys(sent))}"] if sent else []
    waiting = [one.target for one in alert.told if one.status in (None, MessageStatus.SENDING)]
    parts += [f"on its way to {', '.join(dict.fromkeys(waiting))}"] if waiting else []
    parts += [_not_told(one) for one in alert.told if one.status in (MessageStatus.PENDING, MessageStatus.DEAD)]
    return "; ".join(dict.fromkeys(parts))


def _not_told(one: Telling) -> str:
    if one.status is MessageStatus.PENDING and not one.attempts:
        return f"on its way to {one.target}"
    again = "" if one.status is MessageStatus.DEAD else f", tried {counted(one.attempts, 'time')}"
    return f"could not tell {one.target}{again}: {one.answer or 'no answer'}"


def is_in_trouble(alert: Alert) -> bool:
    """Whether some target could not be told it."""
    return any(
        one.status is MessageStatus.DEAD or (one.status is MessageStatus.PENDING and one.attempts) for one in alert.told
    )


def alert_badge(alert: Alert) -> tuple[Colour, str]:
    """How an alert stands, in a word or two and a colour."""
    if is_in_trouble(alert):
        is_told = any(one.status is MessageStatus.SENT and one.phase is AlertPhase.BEGAN for one in alert.told)
        return ("orange", "Partly told") if is_told else ("red", "Not told")
    if alert.lasts:
        return "orange", "Ongoing"
    return "gray", "Over" if alert.over_at else "Told" if alert.told else "Noted"


def state_in_words(alert: Alert, now: datetime, zone: Zone) -> str:
    """When it was, until when it lasted, and who has seen it."""
    text = f"since {moment(alert.at, now, zone)}" if alert.lasts else moment(alert.at, now, zone)
    if alert.over_at is not None:
        text += f" to {moment(alert.over_at, now, zone)}"
    if alert.acknowledged_by is not None and alert.acknowledged_at is not None:
        text += f", seen by {alert.acknowledged_by} at {moment(alert.acknowledged_at, now, zone)}"
    return text


def target_badge(target: TargetState) -> tuple[Colour, str]:
    """How telling a target goes, in a word and a colour."""
    if target.snoozed_until is not None:
        return "gray", "Snoozed"
    if target.last_status is None:
        return "gray", "Not tried yet"
    if target.last_status is MessageStatus.DEAD:
        return "red", "Failed"
    if target.last_status is MessageStatus.PENDING and target.last_attempts:
        return "orange", "Failing"
    return "green", "Works"
