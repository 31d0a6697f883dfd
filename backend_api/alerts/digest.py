"""The digest: a store's day or week in figures, as it is kept in the ledger, and in words. Pure but for reading it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from html import escape
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import NonNegativeInt

from backend_api.alerts.composing import MOST_PICTURES, FindPicture
from backend_api.alerts.config import Target
from backend_api.alerts.way import Message
from backend_api.base.instants import to_ms
from backend_api.contract.alerts import AlertKind
from backend_api.contract.queries import ComplianceQuery, MachineQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stats import Estimate, MachineFigures
from backend_api.contract.stores import StoreSettings
from backend_api.contract.values import Value, format_timestamp
from backend_api.reports.agreement import wilson
from backend_api.reports.buckets import Interval
from backend_api.reports.opening import open_intervals
from backend_api.reports.reports import Reports
from backend_api.store.ledger.messages import MessageClaim

WORST = 3
# A machine with fewer windows is called no bad one.
LEAST_WINDOWS = 3
# Less than this of a day that nobody watched is no news.
_NOTICEABLE_S = 15 * 60
_GOOD_COMPLIANCE = 0.8


class WorstMachine(Value):
    """A machine that was cleaned after few of its uses."""

    name: str
    windows: NonNegativeInt
    cleaned: NonNegativeInt


class Digest(Value):
    """All that a digest says: kept in the ledger, so that it says the same whenever it is sent."""

    store: str
    is_week: bool
    first_day: date
    last_day: date
    uses: NonNegativeInt
    windows: NonNegativeInt
    cleaned: NonNegativeInt
    compliance: float | None
    low: float | None
    high: float | None
    worst: tuple[WorstMachine, ...]
    unwatched_s: float
    waiting: NonNegativeInt
    dead: NonNegativeInt
    lasting: tuple[str, ...] = ()
    shown: tuple[UUID, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing that somebody should look at."""
        is_good = self.compliance is None or self.compliance >= _GOOD_COMPLIANCE
        return is_good and not self.dead and not self.lasting and self.unwatched_s < _NOTICEABLE_S


@dataclass(frozen=True, slots=True)
class Due:
    """A digest that is due: of the days from `first` to `last` in `zone`."""

    kind: AlertKind
    first: date
    last: date
    zone: ZoneInfo


def due_digests(target: Target, zone: ZoneInfo, now: datetime) -> list[Due]:
    """The digests that `target` should have by now: yesterday's, and on Mondays that of the week before. Pure.

    By the wall clock of `zone`: an hour that clocks leap over has come once they have, one that comes twice with the
    first. Days that went by without a backend are not made up for.
    """
    if target.digest_at is None:
        return []
    local = now.astimezone(zone)
    if local.time() < target.digest_at:
        return []
    yesterday = local.date() - timedelta(days=1)
    found = [Due(AlertKind.DIGEST_DAY, yesterday, yesterday, zone)]
    if local.weekday() == 0:
        found.append(Due(AlertKind.DIGEST_WEEK, local.date() - timedelta(days=7), yesterday, zone))
    return found


@dataclass(frozen=True, slots=True)
class State:
    """What is so now: how many questions wait for the model, how many were given up, and which conditions last."""

    waiting: int
    dead: int
    lasting: tuple[str, ...]


def read_digest(reports: Reports, store_id: str, settings: StoreSettings | None, due: Due, state: State) -> Digest:
    """The digest of a store: figures of the days that are due, and what is so now."""
    since, until = _begins(due.first, due.zone), _begins(due.last + timedelta(days=1), due.zone)
    stats = reports.stats(StatsQuery(store_id=store_id, since=since, until=until, tz=due.zone.key))
    asked = ComplianceQuery(store_id=store_id, since=since, until=until, tz=due.zone.key)
    corrected = reports.compliance(asked).corrected
    total = stats.total
    estimate = corrected if isinstance(corrected, Estimate) else wilson(total.windows_cleaned, total.windows_closed)
    machines = reports.machines(MachineQuery(store_id=store_id)).items
    unobserved_s = stats.stores[0].unobserved_s if stats.stores else 0.0
    return Digest(
        store=settings.name if settings else store_id,
        is_week=due.kind is AlertKind.DIGEST_WEEK,
        first_day=due.first,
        last_day=due.last,
        uses=total.sessions,
        windows=total.windows_closed,
        cleaned=total.windows_cleaned,
        compliance=estimate.value if estimate else None,
        low=estimate.low if estimate else None,
        high=estimate.high if estimate else None,
        worst=_worst(stats.machines, {(one.camera_id, one.machine_id): one.name for one in machines}),
        unwatched_s=_unwatched_s(settings, unobserved_s, len(stats.machines), Interval(to_ms(since), to_ms(until))),
        waiting=state.waiting,
        dead=state.dead,
        lasting=state.lasting,
        shown=_uncleaned(reports, store_id, since, until),
    )


def _uncleaned(reports: Reports, store_id: str, since: datetime, until: datetime) -> tuple[UUID, ...]:
    """The events whose pictures show what was left uncleaned last."""
    outcomes = (SessionOutcome.NOT_ATTEMPTED, SessionOutcome.NOT_CLEANED)
    query = SessionQuery(store_id=store_id, since=since, until=until, outcome=outcomes, limit=MOST_PICTURES)
    return tuple(one.attempt_event_id or one.session_id for one in reports.sessions(query).items)


def digest_message(
    claim: MessageClaim, digest: Digest, target: Target, dashboard_url: str | None, find_picture: FindPicture
) -> Message:
    """The digest as it is sent, with pictures if the target wants them."""
    pictures = [find_picture(event_id) for event_id in digest.shown] if target.digest_has_pictures else []
    lines = digest_lines(digest)
    title = f"{digest.store}, {_days(digest)}: {_verdict(digest)}"
    link = dashboard_url and f"{dashboard_url}/cleaning"
    return Message(
        id=f"msg_{claim.id}_{target.name}",
        made_at=claim.made_at,
        title=title,
        text="\n".join([*(f"{label}: {text}" if label else text for label, text in lines), *([link] if link else [])]),
        html=_html(title, lines, link),
        data={
            "type": "digest.week" if digest.is_week else "digest.day",
            "timestamp": format_timestamp(claim.made_at),
            "data": digest.model_dump(mode="json"),
        },
        pictures=tuple(path for path in pictures if path is not None),
        is_good_news=digest.is_quiet,
    )


def digest_lines(digest: Digest) -> list[tuple[str, str]]:
    """Each figure with its label; one line without a label when all is quiet."""
    minutes = round(digest.unwatched_s / 60)
    if digest.is_quiet:
        quiet = f"All quiet: {digest.uses} uses, {minutes} minutes not watched"
        return [("", quiet), *([("Cleaned", _cleaned(digest))] if digest.windows else [])]
    lines = [("Uses", str(digest.uses)), ("Cleaned", _cleaned(digest))]
    if digest.worst:
        worst = ", ".join(f"{one.name} ({one.cleaned} of {one.windows})" for one in digest.worst)
        lines.append(("Cleaned least", worst))
    lines.append(("Not watched", f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"))
    if digest.waiting or digest.dead:
        lines.append(("Verdicts", f"{digest.waiting} waiting, {digest.dead} given up"))
    lines += [("Ongoing", text) for text in digest.lasting]
    return lines


def _cleaned(digest: Digest) -> str:
    if digest.compliance is None or digest.low is None or digest.high is None:
        return "no cleaning window closed"
    interval = f"95 % interval {_percent(digest.low)} to {_percent(digest.high)}"
    return f"{_percent(digest.compliance)} of {digest.windows} windows ({interval})"


def _verdict(digest: Digest) -> str:
    if digest.is_quiet:
        return f"all quiet, {digest.uses} uses"
    return f"{digest.uses} uses" + ("" if digest.compliance is None else f", {_percent(digest.compliance)} cleaned")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _days(digest: Digest) -> str:
    first, last = (f"{day:%a} {day.day} {day:%b}" for day in (digest.first_day, digest.last_day))
    return f"{first} to {last}" if digest.is_week else last


def _worst(machines: Sequence[MachineFigures], names: dict[tuple[str, str], str]) -> tuple[WorstMachine, ...]:
    bad = [
        one
        for one in machines
        if one.windows_closed >= LEAST_WINDOWS and one.compliance is not None and one.compliance < _GOOD_COMPLIANCE
    ]
    bad.sort(key=lambda one: (one.compliance or 0.0, -one.windows_closed))
    return tuple(
        WorstMachine(
            name=names.get((one.camera_id, one.machine_id), one.machine_id),
            windows=one.windows_closed,
            cleaned=one.windows_cleaned,
        )
        for one in bad[:WORST]
    )


def _unwatched_s(settings: StoreSettings | None, unobserved_s: float, machines: int, span: Interval) -> float:
    """Of the time that counts, what nobody watched, as time of the store: the mean over its machines."""
    if not machines:
        return 0.0
    counted = [span] if settings is None else open_intervals(settings, span)
    longest_s = sum(interval.end_ms - interval.begin_ms for interval in counted) / 1000
    return min(longest_s, unobserved_s / machines)


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _html(title: str, lines: Sequence[tuple[str, str]], link: str | None) -> str:
    rows = "".join(
        f'<p style="margin:0 0 10px"><span style="color:#555">{escape(label)}:</span> {escape(text)}</p>'
        if label
        else f'<p style="margin:0 0 10px"><b>{escape(text)}</b></p>'
        for label, text in lines
    )
    way = f'<p style="margin:16px 0 0"><a href="{escape(link)}">{escape(link)}</a></p>' if link else ""
    style = "font-family:sans-serif;font-size:16px;line-height:1.4;max-width:600px"
    return f'<div style="{style}"><h2 style="font-size:18px;margin:0 0 12px">{escape(title)}</h2>{rows}{way}</div>'
