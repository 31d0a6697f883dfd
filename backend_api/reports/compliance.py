"""GET /stats/compliance from the database, and the verdicts that are suggested for review."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    StoreCompliance,
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
from backend_api.reports.correction import Judged, Part, TwiceJudged, correct, measure_accuracy
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
from backend_api.store.db.tables import events, results
from backend_api.store.review_draws import DECIDED, Asked, read_candidates, read_draws
from backend_api.store.stores import read_settings

# What a window counts as while nobody knows whether it was cleaned.
_UNDECIDED = frozenset({"unjudged", "not_judged", "cannot_tell"})
# The newest verdict of each model and prompt may be far back: it is looked for among these.
_RECENT = 200
_NEWEST_ASKED = (
    select(*results.c["model", "prompt_version"], events.c.event_type)
    .join_from(results, events, events.c.seq == results.c.seq)
    .order_by(results.c.id.desc())
    .limit(_RECENT)
)


_Here = Mapping[Asked, Mapping[int, GivenVerdict]]
"""The verdicts in the span, by who gave them and by their events' numbers."""
_Given = Sequence[tuple[Asked, GivenVerdict]]
"""What was said of one window, of one or two of its events, and by whom."""


@dataclass(slots=True)
class _Windows:
    """The windows that closed in the span.

    `decided` has, of each that is known as cleaned or not by verdicts, the numbers of the one or two events that were
    called so. Of the others nobody was asked, or what decides is not known.
    """

    decided: list[tuple[int, ...]] = field(default_factory=list)
    not_asked: int = 0
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    """What the corrected figure of a span follows from, besides the models' windows; `asked` are these in order."""

    asked: tuple[Asked, ...]
    not_asked: int
    twice: tuple[TwiceJudged, ...]


def read_compliance(connection: Connection, query: ComplianceQuery, now: datetime) -> Compliance:
    """What `query` asks for, as it is at `now`."""
    by_store = _read_windows(connection, query, now)
    here = read_newest(connection, {seq for each in by_store.values() for seqs in each.decided for seq in seqs})
    truths, zone_of = read_truths(connection), _zones(connection, query.tz)

    def judge(of_span: _Here) -> dict[Asked, JudgedModel]:
        return {
            asked: read_judged(connection, asked, of_span[asked], truths, zone_of, now)
            for asked in sorted(of_span, key=lambda asked: (asked.model, asked.prompt_version))
        }

    windows = _Windows(
        [seqs for each in by_store.values() for seqs in each.decided],
        sum(each.not_asked for each in by_store.values()),
        sum(each.undecided for each in by_store.values()),
    )
    models, given = judge(here), _given_in(windows, here)
    facts = _facts(models, given, windows.not_asked)
    stores = []
    for store_id, each in sorted(by_store.items()) if len(by_store) > 1 else ():
        of_store = _of_store(here, store_id)
        stores.append(_store(store_id, each, _given_in(each, of_store), judge(of_store)))
    span = stats_interval(query, now).span
    total = len(given) + windows.not_asked
    return Compliance(
        since=from_ms(span.begin_ms),
        until=from_ms(span.end_ms),
        hours=query.hours,
        windows=total,
        not_attempted=windows.not_asked + sum(_is_not_attempted(found) for found in given),
        not_asked=windows.not_asked,
        undecided=windows.undecided,
        apparent=_apparent(given, total),
        corrected=_corrected({asked: model.judged for asked, model in models.items()}, facts),
        stores=stores,
        models=[_model(asked, models, facts, truths, query.more, here[asked].values()) for asked in models],
    )


def _given_in(windows: _Windows, here: _Here) -> list[_Given]:
    """Of each window that is decided what was said of its one or two events."""
    said = {seq: (asked, one) for asked, of_model in here.items() for seq, one in of_model.items()}
    return [found for seqs in windows.decided if (found := [said[seq] for seq in seqs if seq in said])]


def _facts(models: Mapping[Asked, JudgedModel], given: Iterable[_Given], not_asked: int) -> _Span:
    asked = tuple(models)
    return _Span(asked, not_asked, _twice_judged(asked, given))


def _is_not_attempted(found: _Given) -> bool:
    """Whether the END of the use alone was judged, and not cleaned."""
    return all(
        one.event_type is EventType.MACHINE_OCCUPIED_END and one.verdict is Verdict.NOT_CLEANED for _, one in found
    )


def _twice_judged(asked: Sequence[Asked], given: Iterable[_Given]) -> tuple[TwiceJudged, ...]:
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
    more = allocate(expect(_drawable(model), _outstanding(model, truths)), number)
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


def _of_store(here: _Here, store_id: str) -> _Here:
    """Those of the verdicts that are of one store."""
    return {
        asked: {seq: verdict for seq, verdict in of_model.items() if verdict.store_id == store_id}
        for asked, of_model in here.items()
    }


def _apparent(given: Sequence[_Given], total: int) -> float | None:
    cleaned = sum(any(one.verdict is Verdict.CLEANED for _, one in found) for found in given)
    return round(cleaned / total, 4) if total else None


def _store(
    store_id: str, windows: _Windows, given: Sequence[_Given], models: Mapping[Asked, JudgedModel]
) -> StoreCompliance:
    total = len(given) + windows.not_asked
    judged = {asked: model.judged for asked, model in models.items()}
    return StoreCompliance(
        store_id=store_id,
        windows=total,
        apparent=_apparent(given, total),
        corrected=_corrected(judged, _facts(models, given, windows.not_asked)),
    )


def _read_windows(connection: Connection, query: ComplianceQuery, now: datetime) -> dict[str, _Windows]:
    """By store, of each that has a machine."""
    interval, machines = stats_interval(query, now), machine_keys(connection, query)
    check_size(query, machines)
    opened = read_opened(connection, query, interval.span, (machine.store_id for machine in machines))
    found: dict[str, _Windows] = defaultdict(_Windows)
    # Whether windows close depends on no camera's reports.
    for camera in read_uses(connection, query, machines, interval.past, {}):
        for machine, uses in camera.uses.items():
            here = found[machine.store_id]
            for use in uses:
                if not _counts(use.closed_ms, interval.span, opened[machine.store_id]):
                    continue
                if use.window in _UNDECIDED:
                    here.undecided += 1
                elif use.judged:
                    here.decided.append(use.judged)
                else:
                    here.not_asked += 1
    return found


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
    judged = model.judged
    if not are_drawn:
        judged = replace(judged, drawn=_drawable(model), later=Part())
        coming = allocate(judged.drawn, more)
    if not coming.number:
        return None
    later = {other: each.judged for other, each in models.items()}
    later[asked] = replace(judged, drawn=expect(judged.drawn, coming))
    corrected = _corrected(later, facts)
    if corrected is None:
        return None
    return NextReviews(cleaned=coming.cleaned, not_cleaned=coming.not_cleaned, are_drawn=are_drawn, corrected=corrected)


def _drawable(model: JudgedModel) -> Part:
    """What the next draw is from: also the windows that came after the last one."""
    found = []
    for verdict, complete, drawn, later in zip(
        DECIDED, model.judged.complete.strata, model.judged.drawn.strata, model.judged.later.strata, strict=True
    ):
        in_span = drawn.in_span + later.in_span
        elsewhere = max(drawn.elsewhere, model.given[verdict] - complete.windows - in_span)
        found.append(replace(drawn, in_span=in_span, elsewhere=elsewhere))
    return Part(*found)


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
