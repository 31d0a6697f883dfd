"""The reviews of one model's verdicts, from the database: which count, and of how many they are a sample."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, func, select

from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.events import EventType
from backend_api.contract.verdicts import Verdict
from backend_api.reports.agreement import known_truths
from backend_api.reports.correction import Judged, Part, Stratum
from backend_api.store.event_rows import IS_VISIBLE, is_of_a_use
from backend_api.store.review_draws import DECIDED, Asked, Draws, read_draws
from backend_api.store.sessions import NEWEST_RESULT_ID
from backend_api.store.tables import events, results, reviews
from backend_api.store.verdict_history import to_review

# A day with fewer verdicts may have been picked for what these were.
MIN_VERDICTS_A_DAY = 10
# A statement may have so many parameters, and fewer than a thousand.
_AT_ONCE = 500

_REVIEWS = (
    select(events.c.event_id, reviews)
    .select_from(reviews.join(events))
    .where(IS_VISIBLE, is_of_a_use(events.c.seq))
    .order_by(reviews.c.id)
)
_GIVEN = (
    select(
        *results.c["seq", "model", "prompt_version", "verdict", "at_ms"], *events.c["store_id", "ts_ms", "event_type"]
    )
    .join_from(results, events, events.c.seq == results.c.seq)
    .where(results.c.verdict.in_(DECIDED), results.c.seq.in_(bindparam("of_seqs", expanding=True)))
)
_NEWEST = _GIVEN.where(results.c.id == NEWEST_RESULT_ID)
_OF_MODEL = (
    results.c.model == bindparam("of_model"),
    results.c.prompt_version == bindparam("of_prompt_version"),
    results.c.verdict.in_(DECIDED),
    is_of_a_use(results.c.seq),
)
_COUNT = select(results.c.verdict, func.count().label("number")).where(*_OF_MODEL).group_by(results.c.verdict)
_COUNT_UNTIL = _COUNT.where(results.c.at_ms <= bindparam("until_ms"))
_COUNT_OF_DAY = (
    select(func.count())
    .select_from(events.join(results, results.c.seq == events.c.seq))
    .where(
        *_OF_MODEL,
        events.c.store_id == bindparam("of_store"),
        events.c.ts_ms >= bindparam("begin_ms"),
        events.c.ts_ms < bindparam("end_ms"),
    )
)


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """A verdict, cleaned or not_cleaned, that a model gave at `at_ms` on the event of a store at `ts_ms`.

    The event is a CLEANING_ATTEMPT, or the MACHINE_OCCUPIED_END before it.
    """

    verdict: Verdict
    at_ms: int
    store_id: str
    ts_ms: int
    event_type: EventType


@dataclass(frozen=True, slots=True)
class Truths:
    """The reviews: of which events (by number) there is one, and whether the machine was cleaned, where people know."""

    reviewed: frozenset[int]
    cleaned: Mapping[int, bool]


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """One model and prompt: its windows with what reviews say of them, and what was drawn to be reviewed.

    `given` is how often it gave each verdict, `complete` are the events of completely reviewed days, by their numbers.
    `not_counted` are the reviews of verdicts that somebody picked.
    """

    judged: Judged
    given: Mapping[Verdict, int]
    draws: Draws
    complete: frozenset[int]
    complete_days: int
    not_counted: int


def read_truths(connection: Connection) -> Truths:
    """People's reviews of all events."""
    rows = connection.execute(_REVIEWS).all()
    seqs = {str(row.event_id): int(row.seq) for row in rows}
    truths = known_truths(to_review(UUID(row.event_id), row) for row in rows)
    return Truths(
        reviewed=frozenset(seqs[event_id] for event_id in truths),
        cleaned={seqs[event_id]: truth is Verdict.CLEANED for event_id, truth in truths.items() if truth is not None},
    )


def read_newest(connection: Connection, seqs: Collection[int]) -> dict[Asked, dict[int, GivenVerdict]]:
    """The models of the verdicts, as far as they decide, that are shown of the events with these numbers."""
    found: dict[Asked, dict[int, GivenVerdict]] = defaultdict(dict)
    for some in _chunks(seqs):
        for row in connection.execute(_NEWEST, {"of_seqs": some}):
            found[Asked(row.model, row.prompt_version)][row.seq] = _to_given(row)
    return found


def read_judged(
    connection: Connection,
    asked: Asked,
    here: Mapping[int, GivenVerdict],
    truths: Truths,
    zone_of: Callable[[str], ZoneInfo],
    now: datetime,
) -> JudgedModel:
    """The reviews of the verdicts of `asked`, of which `here` are the ones in the span that is asked for.

    `zone_of` gives a store's time zone, by which its days begin.
    """
    draws = read_draws(connection, asked)
    known = _given(connection, asked, truths.cleaned.keys()) | dict(here)
    complete, days = _complete_days(connection, asked, known, truths, zone_of, now)
    until_ms = None if draws.last_at is None else to_ms(draws.last_at)
    given = count_given(connection, asked, until_ms)
    parts = [_strata(verdict, given[verdict], here, known, complete, draws, truths, until_ms) for verdict in DECIDED]
    drawn = {one.seq for one in draws.drawn}
    counted = complete | {seq for seq in drawn if seq in truths.cleaned}
    return JudgedModel(
        judged=Judged(*(Part(*strata) for strata in zip(*parts, strict=True))),
        given=count_given(connection, asked),
        draws=draws,
        complete=complete,
        complete_days=days,
        not_counted=len([seq for seq in truths.cleaned if seq in known and seq not in counted]),
    )


def _strata(
    verdict: Verdict,
    given: int,
    here: Mapping[int, GivenVerdict],
    known: Mapping[int, GivenVerdict],
    complete: Collection[int],
    draws: Draws,
    truths: Truths,
    until_ms: int | None,
) -> tuple[Stratum, Stratum, Stratum]:
    """The windows with `verdict` of completely reviewed days, of other days, and those that came after the last draw.

    `given` counts those up to it.
    """

    def is_drawable(seq: int) -> bool:
        return until_ms is None or known[seq].at_ms <= until_ms

    whole = [seq for seq in complete if known[seq].verdict is verdict]
    whole_here = [seq for seq in whole if seq in here]
    others = [seq for seq, one in here.items() if one.verdict is verdict and seq not in complete]
    others_here = [seq for seq in others if is_drawable(seq)]
    elsewhere = given - len([seq for seq in whole if is_drawable(seq)]) - len(others_here)
    known_of_drawn = [
        truths.cleaned[one.seq]
        for one in draws.drawn
        if one.verdict is verdict and one.seq not in complete and one.seq in truths.cleaned
    ]
    return (
        Stratum(len(whole_here), len(whole) - len(whole_here), len(whole), sum(truths.cleaned[seq] for seq in whole)),
        Stratum(len(others_here), max(0, elsewhere), len(known_of_drawn), sum(known_of_drawn)),
        Stratum(len(others) - len(others_here)),
    )


def _complete_days(
    connection: Connection,
    asked: Asked,
    known: Mapping[int, GivenVerdict],
    truths: Truths,
    zone_of: Callable[[str], ZoneInfo],
    now: datetime,
) -> tuple[frozenset[int], int]:
    """The events of days that are over and of which every verdict was reviewed, and how many such days there are."""
    by_day: dict[tuple[str, date], list[int]] = defaultdict(list)
    for seq, given in known.items():
        if seq in truths.cleaned:
            day = from_ms(given.ts_ms).astimezone(zone_of(given.store_id)).date()
            by_day[given.store_id, day].append(seq)
    complete = [
        seqs
        for (store_id, day), seqs in by_day.items()
        if len(seqs) >= MIN_VERDICTS_A_DAY
        and _count_of_day(connection, asked, store_id, day, zone_of(store_id), now) == len(seqs)
    ]
    return frozenset(seq for seqs in complete for seq in seqs), len(complete)


def _count_of_day(
    connection: Connection, asked: Asked, store_id: str, day: date, zone: ZoneInfo, now: datetime
) -> int | None:
    """How many verdicts there are of a store's day; None as long as it is not over."""
    begin, end = (datetime.combine(day + timedelta(days=days), time(), zone) for days in (0, 1))
    if end > now:
        return None
    values = {**_of(asked), "of_store": store_id, "begin_ms": to_ms(begin), "end_ms": to_ms(end)}
    return int(connection.execute(_COUNT_OF_DAY, values).scalar_one())


def _given(connection: Connection, asked: Asked, seqs: Collection[int]) -> dict[int, GivenVerdict]:
    """The verdicts of `asked` on the events with these numbers."""
    return {
        row.seq: _to_given(row)
        for some in _chunks(seqs)
        for row in connection.execute(_GIVEN, {"of_seqs": some})
        if Asked(row.model, row.prompt_version) == asked
    }


def _to_given(row: Row[*tuple[Any, ...]]) -> GivenVerdict:
    return GivenVerdict(Verdict(row.verdict), row.at_ms, row.store_id, row.ts_ms, EventType(row.event_type))


def count_given(connection: Connection, asked: Asked, until_ms: int | None = None) -> dict[Verdict, int]:
    """How often `asked` gave each verdict that decides, up to `until_ms` or at all."""
    statement, more = (_COUNT, {}) if until_ms is None else (_COUNT_UNTIL, {"until_ms": until_ms})
    found = {Verdict(row.verdict): row.number for row in connection.execute(statement, {**_of(asked), **more})}
    return {verdict: found.get(verdict, 0) for verdict in DECIDED}


def _of(asked: Asked) -> dict[str, object]:
    return {"of_model": asked.model, "of_prompt_version": asked.prompt_version}


def _chunks(seqs: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(seqs)
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))
