"""Peers measured in turn, in short rounds: the speed of a disk and of a shared computer drifts, a ratio much less."""

from collections.abc import Callable, Mapping
from statistics import median

Rates = dict[str, list[float]]


def measure_in_turn(peers: Mapping[str, Callable[[], float]], rounds: int) -> Rates:
    """What each of `peers` reaches in each of `rounds` rounds, after one that does not count.

    Every other round goes backwards, so that nobody always comes after the same neighbour.
    """
    rates: Rates = {name: [] for name in peers}
    for number in range(rounds + 1):
        for name in sorted(peers, reverse=bool(number % 2)):
            rate = peers[name]()
            if number:
                rates[name].append(rate)
    return rates


def ratio(rates: Rates, ours: str, theirs: str) -> float:
    """How many times as fast `ours` is: the median of the rounds' own ratios."""
    return median(one / other for one, other in zip(rates[ours], rates[theirs], strict=True))


def in_words(rates: Rates, ours: str, unit: str) -> str:
    """A line with everybody's median rate, and how many times as fast `ours` is."""
    own = f"{median(rates[ours]):.0f} {unit}/s"
    others = [
        f"{name} {median(rates[name]):.0f} ({ratio(rates, ours, name):.2f} times)" for name in rates if name != ours
    ]
    return "; ".join([own, *others])
