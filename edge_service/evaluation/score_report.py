"""A score as people read it, a table, and as programs do, JSON."""

from collections.abc import Iterator

from pydantic import JsonValue

from backend_api.contract.events import EventType
from edge_service.evaluation.score import TOLERANCES_S, Lateness, MatchCounts, Score
from edge_service.evaluation.truth import Moment

_MOST_LINES = 20
_ALL = "all"
_WIDTH = max(len(kind) for kind in EventType)


def to_table(score: Score) -> str:
    """Lines of at most 100 characters."""
    return "\n".join(
        [*_summary(score), *_agreement(score), "", *_lateness(score), "", *_false(score), *_unmatched(score)]
    )


def to_json(score: Score) -> dict[str, JsonValue]:
    """The same as numbers; null where there is none, such as the precision of no event."""
    return {
        "duration_s": score.truth.duration_s,
        "reported": len(score.reported),
        "expected": len(score.truth.moments()),
        "tolerances": [
            {
                "tolerance_s": tolerance_s,
                "types": {
                    name: _counts_json(score.counts(tolerance_s, event_type=event_type)) for name, event_type in _rows()
                },
                "false_per_machine_hour": score.false_per_hour(tolerance_s),
                "machines": {
                    machine_id: {
                        **_counts_json(score.counts(tolerance_s, machine_id=machine_id)),
                        "false_per_hour": score.false_per_hour(tolerance_s, machine_id),
                    }
                    for machine_id in score.truth.machines
                },
            }
            for tolerance_s in TOLERANCES_S
        ],
        "lateness": {name: _lateness_json(score.lateness(event_type)) for name, event_type in _rows()},
        "false": [_moment_json(moment) for moment in score.false],
        "missed": [_moment_json(moment) for moment in score.missed],
    }


def _rows() -> Iterator[tuple[str, EventType | None]]:
    yield from ((str(event_type), event_type) for event_type in EventType)
    yield _ALL, None


def _summary(score: Score) -> Iterator[str]:
    machines = len(score.truth.machines)
    yield (
        f"{score.truth.duration_s:g} s of video, {machines} machine{'s' if machines > 1 else ''}: "
        f"{len(score.reported)} events reported, {len(score.truth.moments())} expected"
    )


def _agreement(score: Score) -> Iterator[str]:
    for tolerance_s in TOLERANCES_S:
        yield ""
        yield f"{f'within {tolerance_s:g} s':{_WIDTH}}  found  false  missed  precision  recall     F1"
        for name, event_type in _rows():
            counts = score.counts(tolerance_s, event_type=event_type)
            yield (
                f"{name:{_WIDTH}}  {counts.found:5}  {counts.false:5}  {counts.missed:6}  {_rate(counts.precision):>9}"
                f"  {_rate(counts.recall):>6}  {_rate(counts.f1):>5}"
            )


def _lateness(score: Score) -> Iterator[str]:
    yield f"{'late by (s, - is early)':{_WIDTH}}  median     90 %  earliest  latest"
    for name, event_type in _rows():
        if (late := score.lateness(event_type)) is not None:
            yield (
                f"{name:{_WIDTH}}  {late.median_s:+6.2f}   {late.p90_s:+6.2f}    {late.earliest_s:+6.2f}  "
                f"{late.latest_s:+6.2f}"
            )


def _false(score: Score) -> Iterator[str]:
    width = max(len(machine_id) for machine_id in score.truth.machines)
    yield f"{'false events an hour':{max(width, 20)}}" + "".join(f"  {f'{t:g} s':>7}" for t in TOLERANCES_S)
    for machine_id in score.truth.machines:
        rates = "".join(f"  {score.false_per_hour(t, machine_id):7.1f}" for t in TOLERANCES_S)
        yield f"{machine_id:{max(width, 20)}}{rates}"


def _unmatched(score: Score) -> Iterator[str]:
    lines = [("false", moment) for moment in score.false] + [("missed", moment) for moment in score.missed]
    if not lines:
        return
    yield ""
    for what, moment in sorted(lines, key=lambda line: line[1].time_s)[:_MOST_LINES]:
        yield f"{what:6}  {moment.time_s:9.2f} s  {moment.machine_id}  {moment.event_type}"
    if len(lines) > _MOST_LINES:
        yield f"... and {len(lines) - _MOST_LINES} more; --json lists them all"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _counts_json(counts: MatchCounts) -> dict[str, JsonValue]:
    return {
        "found": counts.found,
        "false": counts.false,
        "missed": counts.missed,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def _lateness_json(late: Lateness | None) -> JsonValue:
    if late is None:
        return None
    return {
        "earliest_s": round(late.earliest_s, 3),
        "median_s": round(late.median_s, 3),
        "p90_s": round(late.p90_s, 3),
        "latest_s": round(late.latest_s, 3),
    }


def _moment_json(moment: Moment) -> JsonValue:
    return {"machine_id": moment.machine_id, "event_type": moment.event_type, "time_s": moment.time_s}
