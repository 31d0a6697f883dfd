"""One message of any number of notices: its title, its lines, a link, pictures, and JSON. Pure but for the pictures."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from backend_api.alerts.config import Target
from backend_api.alerts.way import Message
from backend_api.alerts.wording import Names, headline, plural, sentence, when
from backend_api.contract.alerts import CONDITIONS, HAPPENINGS, AlertPhase
from backend_api.contract.values import format_timestamp
from backend_api.store.ledger.messages import MessageClaim, Notice

MOST_LINES = 10
MOST_PICTURES = 3
# What waited for longer was held back: by quiet hours, a snooze, or a target that could not be reached.
_HELD_BACK = timedelta(minutes=15)

# The picture of an event; None when there is none.
FindPicture = Callable[[UUID], Path | None]


def compose(
    claim: MessageClaim, target: Target, names: Names, dashboard_url: str | None, find_picture: FindPicture
) -> Message:
    """The message that tells the notices of `claim`: the same for each claim of a message."""
    notices, made_at = claim.notices, claim.made_at
    title = _title(notices, names)
    lines = _lines(notices, target, names, made_at)
    link = _link(notices, dashboard_url)
    return Message(
        id=f"msg_{claim.id}_{target.name}",
        made_at=made_at,
        title=title,
        text="\n".join([*lines, *([link] if link else [])]),
        html=_html(lines, link),
        data=_data(notices, names, made_at, link),
        pictures=_pictures(notices, find_picture) if target.has_pictures else (),
        is_good_news=all(notice.phase is AlertPhase.OVER for notice in notices),
    )


def trial_message(target: Target, now: datetime, dashboard_url: str | None) -> Message:
    """What the button "send a test" sends."""
    text = f"This is a test. Alerts reach the target {target.name}."
    return Message(
        id=f"msg_test_{int(now.timestamp() * 1000)}_{target.name}",
        made_at=now,
        title="Test of the gym's alerts",
        text="\n".join([text, *([dashboard_url] if dashboard_url else [])]),
        html=_html([text], dashboard_url),
        data={"type": "alerts.test", "timestamp": format_timestamp(now), "data": {"text": text}},
        is_good_news=True,
    )


def _title(notices: Sequence[Notice], names: Names) -> str:
    if not notices:
        return "Nothing is left to tell"
    # What is wrong now comes before what is over again, what lasts before what happened, and many before one.
    wrong = [notice for notice in notices if notice.phase is not AlertPhase.OVER] or notices
    counts = Counter((notice.alert.kind, notice.phase) for notice in wrong)
    (kind, phase), count = max(counts.items(), key=lambda item: (item[0][0] in CONDITIONS, item[1]))
    if count > 1 and phase is AlertPhase.BEGAN:
        text = plural(kind, count)
    else:
        first = next(notice for notice in wrong if (notice.alert.kind, notice.phase) == (kind, phase))
        text, count = headline(first.alert, phase, names), 1
    rest = len(notices) - count
    return f"{text}, and {rest} more" if rest else text


def _lines(notices: Sequence[Notice], target: Target, names: Names, made_at: datetime) -> list[str]:
    lines = []
    if notices and made_at - notices[0].at > _HELD_BACK and len(notices) > 1:
        lines.append(f"Held back until now: {_in_sum(notices)}.")
    for notice in notices[:MOST_LINES]:
        zone = names.zone(notice.alert.store_id, target.zone)
        at = when(notice.alert, notice.phase, made_at, zone)
        lines.append(f"{at} {sentence(notice.alert, notice.phase, names)}")
    if rest := notices[MOST_LINES:]:
        minutes = max(1, round((made_at - min(notice.at for notice in rest)).total_seconds() / 60))
        span = "minute" if minutes == 1 else f"{minutes} minutes"
        lines.append(f"and {len(rest)} more in the last {span}: {_in_sum(rest)}")
    return lines


def _in_sum(notices: Sequence[Notice]) -> str:
    counts = Counter((notice.alert.kind, notice.phase) for notice in notices)
    parts = []
    for (kind, phase), count in counts.items():
        words = plural(kind, count) if count > 1 else kind.value.replace("_", " ")
        parts.append(f"{words}, over again" if phase is AlertPhase.OVER else words)
    return "; ".join(parts)


def _link(notices: Sequence[Notice], dashboard_url: str | None) -> str | None:
    if dashboard_url is None:
        return None
    sessions = {notice.alert.facts.session_id for notice in notices} - {None}
    if len(sessions) == 1 and len(notices) == 1:
        return f"{dashboard_url}/review?{urlencode({'session': str(sessions.pop())})}"
    return dashboard_url


def _pictures(notices: Sequence[Notice], find_picture: FindPicture) -> tuple[Path, ...]:
    found = []
    for notice in notices:
        event_id = notice.alert.facts.event_id
        if notice.alert.kind in HAPPENINGS and event_id is not None and (path := find_picture(event_id)) is not None:
            found.append(path)
        if len(found) == MOST_PICTURES:
            break
    return tuple(found)


def _html(lines: Sequence[str], link: str | None) -> str:
    paragraphs = [f'<p style="margin:0 0 8px">{escape(line)}</p>' for line in lines]
    if link:
        # The address itself: the plain part of a mail is made of this one, and has no other way to show it.
        paragraphs.append(f'<p style="margin:16px 0 0"><a href="{escape(link)}">{escape(link)}</a></p>')
    style = "font-family:sans-serif;font-size:16px;line-height:1.4;max-width:600px"
    return f'<div style="{style}">{"".join(paragraphs)}</div>'


def _over_at(notice: Notice) -> str | None:
    over_at = notice.alert.over_at
    return format_timestamp(over_at) if over_at is not None and notice.phase is AlertPhase.OVER else None


def _data(notices: Sequence[Notice], names: Names, made_at: datetime, link: str | None) -> Mapping[str, Any]:
    items = [
        {
            "id": notice.alert.id,
            "kind": notice.alert.kind.value,
            "phase": notice.phase.value,
            "store_id": notice.alert.store_id,
            "at": format_timestamp(notice.alert.at),
            "over_at": _over_at(notice),
            "text": sentence(notice.alert, notice.phase, names),
            "facts": notice.alert.facts.model_dump(mode="json", exclude_none=True),
        }
        for notice in notices
    ]
    return {"type": "alerts", "timestamp": format_timestamp(made_at), "data": {"alerts": items, "link": link}}
