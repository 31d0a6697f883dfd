"""Visits: for how long, and how surely, each track has been in a zone, and what one frame says of the zone (pure).

A stay of a person is made of one long visit or of a few, where their track broke; a crowd that crosses the zone makes
many short ones. A thing that looks a little like a person makes a long one of low scores. A track that is found again
may have become somebody else's, so what lies between two sightings counts as seen only where it is short.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge_service.tracking.likely_mean import likely_mean

# A track that was elsewhere for longer comes to visit anew: no stay lasts over more.
_AWAY_S = 3.4
# Of the time between two sightings no more is known than a single look says.
_BETWEEN_S = 0.5
# The mean of fewer scores says little: a person who walks in is often half hidden at first.
_DOUBT_S = 1.0
# A busy walkway must not fill the memory: of more visits the shortest are forgotten.
_MOST_VISITS = 64
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track's box in one frame; `score` and `mean_score`, that of all looks at the track so far, are 0..1."""

    track_id: int
    score: float
    mean_score: float = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one frame says of a zone: the people in it, the one to be named first.

    It holds from `time_s - held_s` to `time_s`, in seconds of media time; the frame before came `gap_s` earlier.
    """

    time_s: float
    held_s: float
    people: tuple[Sighting, ...] = ()
    gap_s: float = 0.0

    @property
    def boxes(self) -> int:
        """How many people are in the zone."""
        return len(self.people)

    @property
    def score_sum(self) -> float:
        """Their scores, added up."""
        return sum(sighting.score for sighting in self.people)

    @property
    def track_id(self) -> int | None:
        """The number of the one to be named; None when nobody is there."""
        return self.people[0].track_id if self.people else None


@dataclass(frozen=True, slots=True)
class Visit:
    """One track in the zone, from `began_s` to `last_seen_s` of media time, with `boxes` that score `score_sum`.

    `mean_score` (0..1) is what the track, wherever it was, has scored until then. It was seen for `dwelt_s` seconds;
    `square_sum` is the sum of its scores' squares.
    """

    track_id: int
    began_s: float
    last_seen_s: float
    boxes: int
    score_sum: float
    mean_score: float = 1.0
    dwelt_s: float = 0.0
    square_sum: float = 0.0

    @property
    def score(self) -> float:
        """What the mean of its scores may be, 0..1."""
        return likely_mean(self.boxes, self.score_sum, self.square_sum)

    def shifted(self, by_s: float) -> "Visit":
        """The visit on a time line that begins `by_s` seconds earlier."""
        return replace(self, began_s=self.began_s + by_s, last_seen_s=self.last_seen_s + by_s)


def extended(visits: tuple[Visit, ...], samples: Iterable[Sample]) -> tuple[Visit, ...]:
    """`visits` and what later `samples` add to them, the latest ones last."""
    for sample in samples:
        for sighting in sample.people:
            visits = _seen(visits, sighting, sample)
    if len(visits) <= _MOST_VISITS:
        return visits
    kept = sorted(visits, key=lambda visit: visit.dwelt_s)[-_MOST_VISITS:]
    return tuple(visit for visit in visits if visit in kept)


def credible(visits: tuple[Visit, ...], since_s: float, least_score: float) -> tuple[Visit, ...]:
    """Those that lasted until `since_s` at least, and whose mean score is `least_score` or too new to say."""
    return tuple(
        visit
        for visit in visits
        if visit.last_seen_s >= since_s and (visit.dwelt_s < _DOUBT_S or visit.score >= least_score - _TOLERANCE)
    )


def is_stay(visits: Iterable[Visit], dwelt_s: float, least_score: float) -> bool:
    """Whether one of them dwelt for `dwelt_s` seconds with a mean score of `least_score`, and so has its track.

    The visit alone would not do: of a thing's many visits, each begun anew when it is found to score too low, some
    would score enough by chance.
    """
    return any(
        visit.dwelt_s >= dwelt_s - _TOLERANCE and min(visit.score, visit.mean_score) >= least_score - _TOLERANCE
        for visit in visits
    )


def _seen(visits: tuple[Visit, ...], sighting: Sighting, sample: Sample) -> tuple[Visit, ...]:
    """With the sighting added to the visit that it goes on, or as a new one."""
    time_s = sample.time_s
    for index, visit in enumerate(visits):
        between_s = time_s - visit.last_seen_s
        if visit.track_id == sighting.track_id and between_s <= _AWAY_S:
            longer = replace(
                visit,
                last_seen_s=time_s,
                boxes=visit.boxes + 1,
                score_sum=visit.score_sum + sighting.score,
                square_sum=visit.square_sum + sighting.score**2,
                mean_score=sighting.mean_score,
                # Frames may be further apart; then all of it is as well known as it can be.
                dwelt_s=visit.dwelt_s + min(between_s, max(_BETWEEN_S, sample.gap_s)),
            )
            return (*visits[:index], longer, *visits[index + 1 :])
    score = sighting.score
    return (*visits, Visit(sighting.track_id, time_s, time_s, 1, score, sighting.mean_score, square_sum=score**2))
