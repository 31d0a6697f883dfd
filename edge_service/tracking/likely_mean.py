"""What the mean of scores may be: of a few that differ much it is not known well (pure)."""

import math

# Somebody is turned down when it is some two to one that they score too little: half a standard error is exceeded by
# chance three times in ten. A person's scores differ by 0.15 as they move, a thing's by half of that.
_STANDARD_ERRORS = 0.5


def likely_mean(weight: float, score_sum: float, square_sum: float) -> float:
    """The mean of scores, and half of its standard error, at most 1.

    `weight` (above 0) is how many there are, `square_sum` the sum of their squares.
    """
    mean = score_sum / weight
    variance = max(0.0, square_sum / weight - mean**2)
    return min(1.0, mean + _STANDARD_ERRORS * math.sqrt(variance / weight))
