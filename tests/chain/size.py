"""How large the simulated chain is, and what of a real day happens in it."""

from dataclasses import dataclass

EVENTS_A_USE = 3.5
"""START, END, WINDOW_OPEN, and an attempt after every other use."""
CLIP_S, CLIP_BITS_PER_S = 8, 4_000_000
HEARTBEAT_S = 5.0
PEAK_OVER_MEAN = 4.5
"""The busiest hour beside the day's mean: gyms are open for 17 of 24 hours, and fullest in the evening."""


@dataclass(frozen=True, slots=True)
class Size:
    """`uses_a_day` is of each machine; of these the share `thin` happens in the simulation."""

    gyms: int
    cameras: int
    machines: int
    uses_a_day: float
    thin: float
    verdicts: int
    weeks: int

    @property
    def all_cameras(self) -> int:
        """Of all gyms."""
        return self.gyms * self.cameras

    @property
    def all_machines(self) -> int:
        """Of all gyms."""
        return self.all_cameras * self.machines

    @property
    def real_uses(self) -> float:
        """Of a day."""
        return self.all_machines * self.uses_a_day

    @property
    def uses(self) -> int:
        """Those of a day that are simulated."""
        return max(1, round(self.real_uses * self.thin))
