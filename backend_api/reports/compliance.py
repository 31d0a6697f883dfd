"""GET /stats/compliance from the database, and the verdicts that are suggested for review."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from backend_api.base.instants import from_ms
from backend_api.contract.compliance import (
    Compliance,
    Corrected,
    ModelCompliance,
    NextReviews,
    SuggestedReview,
    SuggestedReviews,
    TooFewReviews,
    VerdictReviews,
)
from backend_api.contract.events import EventType
from backend_api.contract.queries import ComplianceQuery
from backend_api.contract.stats import Estimate
from backend_api.contract.verdicts import Verdict
from backend_api.reports.buckets import Interval
from backend_api.reports.correction import Judged, TwiceJudged, correct, measure_accuracy
from backend_api.reports.correction import TooFewReviews as TooFew
from backend_api.reports.judged import (
    GivenVerdict,
    JudgedModel,
    Truths,
    count_given,
    read_judged,
    read_newest,
    read_truths,
)
from backend_api.reports.machines import machine_keys
from backend_api.reports.opening import is_within
from backend_api.reports.suggestions import Allocation, allocate, draw, expect
from backend_api.reports.uses import check_size, read_opened, read_uses, stats_interval
from backend_api.store.review_draws import DECIDED, Asked, read_candidates, read_draws
from backend_api.store.stores import read_settings
from backend_api.store.tables import events, results

# What a window counts as while nobody knows whether it was cleaned.
_UNDECIDED = frozenset({"unjudged", "cannot_tell"})
# The newest verdict of each model and prompt may be far back: it is looked for among these.
_RECENT = 200
_NEWEST_ASKED = (
    select(*results.c["model", "prompt_version"], events.c.event_type)
    .join_from(results, events, events.c.seq == results.c.seq)
    .order_by(results.c.id.desc())
    .limit(_RECENT)
)


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows that closed in the span.

    `decided` has, of each that is known as cleaned or not by verdicts, the numbers of the one or two events that were
    called so. Of the others nobody was asked, or what decides is not known.
    """

    decided: Sequence[tuple[int, ...]]
    not_asked: int
    undecided: int


@dataclass(frozen=True, slots=True)
class _Span:
    """What the corrected figure of a span follows from, besides the models' windows; `asked` are these in order."""

    asked: tuple[Asked, ...]
    not_asked: int
    twice: tuple[TwiceJudged, ...]


def read_compliance(connection: Connection, query: ComplianceQuery, now: datetime) -> Compliance:
    """What `query` asks for, as it is at `now`."""
    windows = _read_windows(connection, query, now)
    here = read_newest(connection, [seq for seqs in windows.decided for seq in seqs])
    truths, zone_of = read_truths(connection), _zones(connection, query.tz)
    models = {
        asked: read_judged(connection, asked, here[asked], truths, zone_of, now)
        for asked in sorted(here, key=lambda asked: (asked.model, asked.prompt_version))
    }
    said = {seq: (asked, one) for asked, of_model in here.items() for seq, one in of_model.items()}
    # Of each window what was said of its one or two events.
    given = [found for seqs in windows.decided if (found := [said[seq] for seq in seqs if seq in said])]
    cleaned = sum(any(one.verdict is Verdict.CLEANED for _, one in found) for found in given)
    total = len(given) + windows.not_asked
    span = stats_interval(query, now).span
    facts = _Span(tuple(models), windows.not_asked, _twice_judged(tuple(models), given))
    return Compliance(
        since=from_ms(span.begin_ms),
        until=from_ms(span.end_ms),
        hours=query.hours,
        windows=total,
        not_attempted=windows.not_asked + sum(_is_not_attempted(found) for found in given),
        not_asked=windows.not_asked,
        undecided=windows.undecided,
        apparent=round(cleaned / total, 4) if total else None,
        corrected=_corrected({asked: model.judged for asked, model in models.items()}, facts),
        models=[_model(asked, models, facts, truths, query.more, here[asked].values()) for asked in models],
    )


def _is_not_attempted(found: Sequence[tuple[Asked, GivenVerdict]]) -> bool:
    """Whether the END of the use alone was judged, and not cleaned."""
    return all(
        one.event_type is EventType.MACHINE_OCCUPIED_END and one.verdict is Verdict.NOT_CLEANED for _, one in found
    )


def _twice_judged(
    asked: Sequence[Asked], given: Iterable[Sequence[tuple[Asked, GivenVerdict]]]
) -> tuple[TwiceJudged, ...]:
    """The windows with two verdicts, by whose they are and what they say."""
    place = {one: index for index, one in enumerate(asked)}
    pairs = Counter(
        tuple((place[model], one.verdict is Verdict.CLEANED) for model, one in found)
        for found in given
        if len(found) > 1
    )
    return tuple(
        TwiceJudged(number, (first[0], second[0]), (first[1], second[1])) for (first, second), number in pairs.items()
    )


def read_suggested(connection: Connection, asked: Asked | None) -> SuggestedReviews:
    """What was drawn of `asked`, by default of who gave the newest verdict, and is not reviewed yet."""
    asked = asked or newest_asked(connection)
    if asked is None:
        return SuggestedReviews(model=None, prompt_version=None, drawn=0, reviewed=0, items=[])
    drawn, truths = read_draws(connection, asked).drawn, read_truths(connection)
    items = [
        SuggestedReview(event_id=one.event_id, session_id=one.session_id, verdict=one.verdict)
        for one in drawn
        if one.seq not in truths.reviewed
    ]
    return SuggestedReviews(
        model=asked.model,
        prompt_version=asked.prompt_version,
        drawn=len(drawn),
        reviewed=len(drawn) - len(items),
        items=items,
    )


def choose_verdicts(
    connection: Connection, asked: Asked, seed: str, number: int, now: datetime
) -> list[tuple[int, Verdict]]:
    """The next `number` verdicts of `asked` to review, by their events' numbers, in the order that `seed` gives.

    Fewer where there are no more with a clip.
    """
    truths = read_truths(connection)
    model = read_judged(connection, asked, {}, truths, _zones(connection, "UTC"), now)
    more = allocate(expect(model.judged.drawn, _outstanding(model, truths)), number)
    taken = {one.seq for one in model.draws.drawn} | model.complete
    chosen: dict[UUID, tuple[int, Verdict]] = {}
    for verdict in DECIDED:
        found = read_candidates(connection, asked, verdict)
        fresh = [event_id for event_id, seq in found.items() if seq not in taken]
        chosen |= {event_id: (found[event_id], verdict) for event_id in draw(fresh, seed, more.of(verdict))}
    return [chosen[event_id] for event_id in draw(chosen, seed, len(chosen))]


def newest_asked(connection: Connection) -> Asked | None:
    """Whose verdicts are to be reviewed next; None without any.

    Of those who gave the newest verdict on an attempt and on the end of a use it is the one with suggested reviews that
    are still to be given; else the one with the more verdicts for each that was suggested.
    """
    newest: dict[str, Asked] = {}
    for row in connection.execute(_NEWEST_ASKED):
        newest.setdefault(row.event_type, Asked(row.model, row.prompt_version))
    if len(set(newest.values())) < 2:
        return next(iter(newest.values()), None)
    reviewed = read_truths(connection).reviewed

    def urgency(asked: Asked) -> tuple[bool, float]:
        drawn = read_draws(connection, asked).drawn
        given = sum(count_given(connection, asked).values())
        return any(one.seq not in reviewed for one in drawn), given / (len(drawn) + 1)

    return max(newest.values(), key=urgency)


def _read_windows(connection: Connection, query: ComplianceQuery, now: datetime) -> _Windows:
    interval, machines = stats_interval(query, now), machine_keys(connection, query)
    check_size(machines)
    opened = read_opened(connection, query, interval.span, (machine.store_id for machine in machines))
    decided, counts = [], Counter[str]()
    # Whether windows close depends on no camera's reports.
    for camera in read_uses(connection, machines, interval.past, {}):
        for machine, uses in camera.uses.items():
            for use in uses:
                if not _counts(use.closed_ms, interval.span, opened[machine.store_id]):
                    continue
                if use.window in _UNDECIDED:
                    counts["undecided"] += 1
                elif use.judged:
                    decided.append(use.judged)
                else:
                    counts["not_asked"] += 1
    return _Windows(decided, counts["not_asked"], counts["undecided"])


def _counts(closed_ms: int | None, span: Interval, opened: Sequence[Interval]) -> bool:
    """Whether a window that closed at `closed_ms` did so in the span, while the store was open."""
    return closed_ms is not None and span.begin_ms <= closed_ms < span.end_ms and is_within(opened, closed_ms)


def _zones(connection: Connection, otherwise: str) -> Callable[[str], ZoneInfo]:
    """What gives a store's time zone: its own, or the one called `otherwise`."""
    known = {store_id: ZoneInfo(settings.tz) for store_id, settings in read_settings(connection).items()}
    return lambda store_id: known.get(store_id) or ZoneInfo(otherwise)


def _model(
    asked: Asked,
    models: Mapping[Asked, JudgedModel],
    facts: _Span,
    truths: Truths,
    more: int,
    here: Iterable[GivenVerdict],
) -> ModelCompliance:
    model = models[asked]
    accuracy = measure_accuracy(model.judged)
    cleaned, not_cleaned = (_reviews(model, index, verdict) for index, verdict in enumerate(DECIDED))
    types = {one.event_type for one in here}
    return ModelCompliance(
        model=asked.model,
        prompt_version=asked.prompt_version,
        asks_about=types.pop() if len(types) == 1 else None,
        windows=model.judged.in_span,
        cleaned=cleaned,
        not_cleaned=not_cleaned,
        complete_days=model.complete_days,
        reviews_not_counted=model.not_counted,
        sensitivity=_figure(accuracy if isinstance(accuracy, TooFew) else accuracy.sensitivity),
        specificity=_figure(accuracy if isinstance(accuracy, TooFew) else accuracy.specificity),
        next_reviews=_next_reviews(asked, models, facts, truths, more),
    )


def _reviews(model: JudgedModel, index: int, verdict: Verdict) -> VerdictReviews:
    counted = [part.strata[index] for part in (model.judged.complete, model.judged.drawn)]
    return VerdictReviews(
        given=model.given[verdict],
        drawn=sum(one.verdict is verdict for one in model.draws.drawn),
        reviewed=sum(round(stratum.reviewed) for stratum in counted),
        cleaned=sum(round(stratum.cleaned) for stratum in counted),
        needed=model.judged.drawn.needed()[index],
    )


def _next_reviews(
    asked: Asked, models: Mapping[Asked, JudgedModel], facts: _Span, truths: Truths, more: int
) -> NextReviews | None:
    model = models[asked]
    coming = _outstanding(model, truths)
    are_drawn = coming.number > 0
    if not are_drawn:
        coming = allocate(model.judged.drawn, more)
    if not coming.number:
        return None
    later = {other: each.judged for other, each in models.items()}
    later[asked] = replace(model.judged, drawn=expect(model.judged.drawn, coming))
    corrected = _corrected(later, facts)
    if corrected is None:
        return None
    return NextReviews(cleaned=coming.cleaned, not_cleaned=coming.not_cleaned, are_drawn=are_drawn, corrected=corrected)


def _outstanding(model: JudgedModel, truths: Truths) -> Allocation:
    """What was drawn and is not reviewed yet."""
    waiting = [one.verdict for one in model.draws.drawn if one.seq not in truths.reviewed]
    return Allocation(*(waiting.count(verdict) for verdict in DECIDED))


def _corrected(models: Mapping[Asked, Judged], facts: _Span) -> Corrected | None:
    if not facts.not_asked and not any(model.in_span for model in models.values()):
        return None
    return _figure(correct([models[asked] for asked in facts.asked], facts.not_asked, facts.twice))


def _figure(found: Estimate | TooFew) -> Corrected:
    if isinstance(found, TooFew):
        return TooFewReviews(missing_reviews=found.missing)
    return Estimate(value=round(found.value, 4), low=round(found.low, 4), high=round(found.high, 4))
