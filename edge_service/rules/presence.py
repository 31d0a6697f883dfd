"""Presence in one zone: who was seen at single samples, smoothed by time, and the streak that this makes.

A sample holds over the time back to the sample before it, at most `HELD_S`. Somebody is present when more than half of
the last second's covered time says so, absent when less than half does, and as before when it is about half: so one
false box or one missed detection changes nothing at 2 to 15 samples a second, and all rates see the same.
"""

import math
from dataclasses import dataclass, replace

from edge_service.rules.visits import Sample, Visit, credible, extended

WINDOW_S = 1.0
# Time that no sample covers is not known, and a single sample must not decide a window.
HELD_S = 0.5
# At 2 samples a second a window holds two, and time stamps are not exact: presence and absence that differ by no more
# than this are equal.
_EVEN_S = 0.12
# A person who is expected counts as there when seen for a quarter of a second: no majority, and no accident.
_DOUBT_S = 0.5
# Two sightings in this time are somebody: at 2 samples a second it leaves room for two missed detections in between.
_SECOND_S = 1.62
# Two sightings further apart than this have an unobserved gap between them (the slowest sampling is one in 2 s).
GAP_S = 2.5


@dataclass(frozen=True, slots=True)
class Streak:
    """A stay, short absences included: from its first sighting to its latest, in seconds of media time.

    `visits` are the tracks that make it, while it is not known yet whether it is that of a person who stays; `boxes`
    and the sum of their scores are those by which it came to be known, so they do not depend on how often somebody who
    stays is looked at after that.
    """

    began_s: float
    last_seen_s: float
    boxes: int
    score_sum: float
    track_id: int | None
    visits: tuple[Visit, ...] = ()

    @property
    def length_s(self) -> float:
        """How long it has lasted."""
        return self.last_seen_s - self.began_s

    @property
    def confidence(self) -> float:
        """The mean score (0..1) of the boxes by which it is known."""
        return self.score_sum / self.boxes


@dataclass(frozen=True, slots=True)
class Presence:
    """The knowledge of a zone after its latest sample.

    `samples` are those of the last second. `glimpse` is the latest sighting that absence did not outweigh; a second one
    soon after it counts as seen, also where the majority is not reached yet, or no longer. `streak` is the latest stay,
    and `unseen` is how many samples since then showed nobody.
    """

    samples: tuple[Sample, ...] = ()
    is_present: bool = False
    glimpse: Sample | None = None
    streak: Streak | None = None
    unseen: int = 0

    def unseen_s(self, time_s: float) -> float:
        """How long nobody has been seen at `time_s`; endless when nobody ever was."""
        return float("inf") if self.streak is None else time_s - self.streak.last_seen_s


@dataclass(frozen=True, slots=True)
class Proof:
    """What of a stay counts: visits that ended at most `memory_s` seconds ago, with a mean score of `least_score`."""

    memory_s: float = math.inf
    least_score: float = 0.0


def observe(before: Presence, sample: Sample, grace_s: float, proof: Proof | None = None) -> Presence:
    """`before` and one later sample. A streak goes on over absences of up to `grace_s` seconds.

    Without a `proof` somebody is known to be there and has not been found to have left, so less has to speak for it.
    """
    samples = (*(old for old in before.samples if old.time_s > sample.time_s - WINDOW_S), sample)
    balance_s = _balance_s(samples)
    is_present = before.is_present if abs(balance_s) <= _EVEN_S else balance_s > 0
    after = replace(before, samples=samples, is_present=is_present, unseen=before.unseen + (not sample.boxes))
    if not sample.boxes or balance_s < -(_DOUBT_S if proof is None else _EVEN_S):
        return after
    glimpse = before.glimpse
    is_second = glimpse is not None and sample.time_s - glimpse.time_s <= _SECOND_S
    if is_present or is_second:
        sightings = [seen for seen in samples if seen.boxes]
        if glimpse is not None and is_second and glimpse.time_s < samples[0].time_s:
            sightings.insert(0, glimpse)
        streak = _go_on(before, sightings, grace_s)
        known = _known(streak, before.streak) if proof is None else _proven(streak, sample.time_s, proof)
        after = replace(after, streak=known, unseen=0)
    return replace(after, glimpse=sample)


def shifted_presence(presence: Presence, by_s: float) -> Presence:
    """`presence` on a time line that begins `by_s` seconds earlier."""
    glimpse, streak = presence.glimpse, presence.streak
    return replace(
        presence,
        samples=tuple(_shifted(sample, by_s) for sample in presence.samples),
        glimpse=glimpse and _shifted(glimpse, by_s),
        streak=streak and _shifted_streak(streak, by_s),
    )


def _shifted(sample: Sample, by_s: float) -> Sample:
    return replace(sample, time_s=sample.time_s + by_s)


def _shifted_streak(streak: Streak, by_s: float) -> Streak:
    return replace(
        streak,
        began_s=streak.began_s + by_s,
        last_seen_s=streak.last_seen_s + by_s,
        visits=tuple(visit.shifted(by_s) for visit in streak.visits),
    )


def _balance_s(samples: tuple[Sample, ...]) -> float:
    """Seconds of presence minus seconds of absence in the window that ends with the last of `samples`."""
    begin_s = samples[-1].time_s - WINDOW_S
    return sum(
        (1 if sample.boxes else -1) * (sample.time_s - max(sample.time_s - sample.held_s, begin_s))
        for sample in samples
    )


def _go_on(before: Presence, sightings: list[Sample], grace_s: float) -> Streak:
    """The streak of `before` with the new ones among `sightings`, or a new streak if it has been over by then."""
    streak = before.streak
    if streak is not None:
        new = [sample for sample in sightings if sample.time_s > streak.last_seen_s]
        unseen_s = new[0].time_s - streak.last_seen_s
        was_just_there = before.samples[-1].time_s == streak.last_seen_s
        if unseen_s <= grace_s or (was_just_there and unseen_s <= GAP_S):
            return _extend(streak, new)
    first = sightings[0]
    return _extend(Streak(first.time_s, first.time_s, 0, 0.0, first.track_id), sightings)


def _extend(streak: Streak, sightings: list[Sample]) -> Streak:
    return Streak(
        began_s=streak.began_s,
        last_seen_s=sightings[-1].time_s,
        boxes=streak.boxes + sum(sample.boxes for sample in sightings),
        score_sum=streak.score_sum + sum(sample.score_sum for sample in sightings),
        track_id=sightings[-1].track_id,
        visits=extended(streak.visits, sightings),
    )


def _known(streak: Streak, before: Streak | None) -> Streak:
    """`streak` as what became of `before`, which was known already: neither visits nor scores matter any more."""
    if before is None:
        return replace(streak, visits=())
    return replace(streak, visits=(), boxes=before.boxes, score_sum=before.score_sum)


def _proven(streak: Streak, time_s: float, proof: Proof) -> Streak | None:
    """What is left of `streak` at `time_s` when visits of strangers long gone and of doubtful boxes are taken out.

    It begins with the first visit that is left; None when none is.
    """
    visits = credible(streak.visits, time_s - proof.memory_s, proof.least_score)
    if len(visits) == len(streak.visits):
        return streak
    if not visits:
        return None
    return replace(
        streak,
        began_s=min(visit.began_s for visit in visits),
        boxes=sum(visit.boxes for visit in visits),
        score_sum=sum(visit.score_sum for visit in visits),
        visits=visits,
    )
