"""GET /stats/compliance from the database, and the verdicts that are suggested for review."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
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
from backend_api.contract.queries import ComplianceQuery
from backend_api.contract.stats import Estimate
from backend_api.contract.verdicts import Verdict
from backend_api.reports.buckets import Interval
from backend_api.reports.correction import Judged, Part, correct, measure_accuracy
from backend_api.reports.correction import TooFewReviews as TooFew
from backend_api.reports.judged import GivenVerdict, JudgedModel, Truths, read_judged, read_newest, read_truths
from backend_api.reports.machines import machine_keys
from backend_api.reports.opening import is_within
from backend_api.reports.suggestions import Allocation, allocate, draw, expect
from backend_api.reports.uses import check_size, read_opened, read_uses, stats_interval
from backend_api.store.review_draws import DECIDED, Asked, read_candidates, read_draws
from backend_api.store.stores import read_settings
from backend_api.store.tables import results

_NEWEST_ASKED = select(*results.c["model", "prompt_version"]).order_by(results.c.id.desc()).limit(1)


_Here = Mapping[Asked, Mapping[int, GivenVerdict]]
"""The verdicts in the span, by who gave them and by their events' numbers."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows that closed in the span: numbers of the attempts with a verdict that decides, and all others."""

    decided: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def not_attempted(self) -> int:
        """Windows without an attempt."""
        return self.counts["not_attempted"]


def read_compliance(connection: Connection, query: ComplianceQuery, now: datetime) -> Compliance:
    """What `query` asks for, as it is at `now`."""
    by_store = _read_windows(connection, query, now)
    windows = _Windows([seq for each in by_store.values() for seq in each.decided])
    for each in by_store.values():
        windows.counts.update(each.counts)
    here = read_newest(connection, windows.decided)
    truths, zone_of = read_truths(connection), _zones(connection, query.tz)

    def judge(of_span: _Here) -> dict[Asked, JudgedModel]:
        return {
            asked: read_judged(connection, asked, of_span[asked], truths, zone_of, now)
            for asked in sorted(of_span, key=lambda asked: (asked.model, asked.prompt_version))
        }

    models = judge(here)
    total = _count(here) + windows.not_attempted
    stores = []
    for store_id, each in sorted(by_store.items()) if len(by_store) > 1 else ():
        of_store = _of_store(here, store_id)
        stores.append(_store(store_id, of_store, judge(of_store), each.not_attempted))
    span = stats_interval(query, now).span
    return Compliance(
        since=from_ms(span.begin_ms),
        until=from_ms(span.end_ms),
        hours=query.hours,
        windows=total,
        not_attempted=windows.not_attempted,
        undecided=windows.counts["undecided"],
        apparent=_apparent(here, total),
        corrected=_corrected({asked: model.judged for asked, model in models.items()}, windows.not_attempted),
        stores=stores,
        models=[_model(asked, models, windows.not_attempted, truths, query.more) for asked in models],
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
    """The model and prompt that gave the newest verdict; None without any."""
    row = connection.execute(_NEWEST_ASKED).first()
    return None if row is None else Asked(row.model, row.prompt_version)


def _of_store(here: _Here, store_id: str) -> _Here:
    """Those of the verdicts that are of one store."""
    return {
        asked: {seq: verdict for seq, verdict in of_model.items() if verdict.store_id == store_id}
        for asked, of_model in here.items()
    }


def _count(here: _Here) -> int:
    return sum(map(len, here.values()))


def _apparent(here: _Here, total: int) -> float | None:
    cleaned = sum(given.verdict is Verdict.CLEANED for of_model in here.values() for given in of_model.values())
    return round(cleaned / total, 4) if total else None


def _store(store_id: str, here: _Here, models: Mapping[Asked, JudgedModel], not_attempted: int) -> StoreCompliance:
    total = _count(here) + not_attempted
    return StoreCompliance(
        store_id=store_id,
        windows=total,
        apparent=_apparent(here, total),
        corrected=_corrected({asked: model.judged for asked, model in models.items()}, not_attempted),
    )


def _read_windows(connection: Connection, query: ComplianceQuery, now: datetime) -> dict[str, _Windows]:
    """By store, of each that has a machine."""
    interval, machines = stats_interval(query, now), machine_keys(connection, query)
    check_size(machines)
    opened = read_opened(connection, query, interval.span, (machine.store_id for machine in machines))
    found: dict[str, _Windows] = defaultdict(_Windows)
    # Whether windows close depends on no camera's reports.
    for camera in read_uses(connection, machines, interval.past, {}):
        for machine, uses in camera.uses.items():
            here = found[machine.store_id]
            for use in uses:
                if not _counts(use.closed_ms, interval.span, opened[machine.store_id]):
                    continue
                if use.attempt_seq is not None and use.verdict in DECIDED:
                    here.decided.append(use.attempt_seq)
                else:
                    here.counts["undecided" if use.attempt_seq is not None else "not_attempted"] += 1
    return found


def _counts(closed_ms: int | None, span: Interval, opened: Sequence[Interval]) -> bool:
    """Whether a window that closed at `closed_ms` did so in the span, while the store was open."""
    return closed_ms is not None and span.begin_ms <= closed_ms < span.end_ms and is_within(opened, closed_ms)


def _zones(connection: Connection, otherwise: str) -> Callable[[str], ZoneInfo]:
    """What gives a store's time zone: its own, or the one called `otherwise`."""
    known = {store_id: ZoneInfo(settings.tz) for store_id, settings in read_settings(connection).items()}
    return lambda store_id: known.get(store_id) or ZoneInfo(otherwise)


def _model(
    asked: Asked, models: Mapping[Asked, JudgedModel], not_attempted: int, truths: Truths, more: int
) -> ModelCompliance:
    model = models[asked]
    accuracy = measure_accuracy(model.judged)
    cleaned, not_cleaned = (_reviews(model, index, verdict) for index, verdict in enumerate(DECIDED))
    return ModelCompliance(
        model=asked.model,
        prompt_version=asked.prompt_version,
        windows=model.judged.in_span,
        cleaned=cleaned,
        not_cleaned=not_cleaned,
        complete_days=model.complete_days,
        reviews_not_counted=model.not_counted,
        sensitivity=_figure(accuracy if isinstance(accuracy, TooFew) else accuracy.sensitivity),
        specificity=_figure(accuracy if isinstance(accuracy, TooFew) else accuracy.specificity),
        next_reviews=_next_reviews(asked, models, not_attempted, truths, more),
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
    asked: Asked, models: Mapping[Asked, JudgedModel], not_attempted: int, truths: Truths, more: int
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
    corrected = _corrected(later, not_attempted)
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


def _corrected(models: Mapping[Asked, Judged], not_attempted: int) -> Corrected | None:
    if not not_attempted and not any(model.in_span for model in models.values()):
        return None
    return _figure(correct(list(models.values()), not_attempted))


def _figure(found: Estimate | TooFew) -> Corrected:
    if isinstance(found, TooFew):
        return TooFewReviews(missing_reviews=found.missing)
    return Estimate(value=round(found.value, 4), low=round(found.low, 4), high=round(found.high, 4))
