"""Which reported time goes with which true one: the most pairs within a tolerance, and of those the nearest (pure)."""

from collections.abc import Sequence
from itertools import pairwise

Pair = tuple[int, int]

# Differences of decimal times miss their mark by rounding.
_ROUNDING_S = 1e-6


def match(reported_s: Sequence[float], true_s: Sequence[float], tolerance_s: float) -> list[Pair]:
    """Pairs of indices into `reported_s` and `true_s`, both ascending: each once, and at most `tolerance_s` apart.

    The assignment is optimal: no other one has more pairs, and none with as many has a smaller sum of distances.

    Method: on a line, two pairs that cross can be uncrossed without making a distance or the sum larger, so an optimal
    assignment is found among those in order, like an alignment of two sequences, by dynamic programming. Where nothing
    lies within the tolerance of what comes before it, the problem falls apart into small ones.
    """
    pairs: list[Pair] = []
    for reported, true in _groups(reported_s, true_s, tolerance_s + _ROUNDING_S):
        found = _match(reported_s[reported], true_s[true], tolerance_s + _ROUNDING_S)
        pairs += [(reported.start + i, true.start + j) for i, j in found]
    return pairs


def _groups(reported_s: Sequence[float], true_s: Sequence[float], tolerance_s: float) -> list[tuple[slice, slice]]:
    """The parts, between gaps of more than the tolerance, that can be matched on their own."""
    moments = sorted([(time_s, True) for time_s in reported_s] + [(time_s, False) for time_s in true_s])
    ends = [index for index, (a, b) in enumerate(pairwise(moments), start=1) if b[0] - a[0] > tolerance_s]
    groups: list[tuple[slice, slice]] = []
    reported = true = 0
    for begin, end in pairwise([0, *ends, len(moments)]):
        count = sum(is_reported for _, is_reported in moments[begin:end])
        groups.append((slice(reported, reported + count), slice(true, true + end - begin - count)))
        reported, true = groups[-1][0].stop, groups[-1][1].stop
    return groups


def _match(reported_s: Sequence[float], true_s: Sequence[float], tolerance_s: float) -> list[Pair]:
    # best[i][j] is (pairs not made, sum of distances) for what comes from i and j on: the smaller, the better.
    rows, columns = len(reported_s), len(true_s)
    best = [[(0, 0.0)] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            best[i][j] = min(best[i + 1][j], best[i][j + 1])
            distance_s = abs(reported_s[i] - true_s[j])
            if distance_s <= tolerance_s:
                made, sum_s = best[i + 1][j + 1]
                best[i][j] = min(best[i][j], (made - 1, sum_s + distance_s))
    pairs: list[Pair] = []
    i = j = 0
    while i < rows and j < columns:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs
