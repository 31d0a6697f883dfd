"""`python -m tests.chain`: simulate a chain of gyms on this computer, and print what a day of it costs.

Weeks behind it are written by the database itself. Then a day comes through the real API, to two backends on PostgreSQL
and a bucket: events, clips of attempts, heartbeats; real workers judge, by the mocked model. What two cores cannot
carry is thinned, and said.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from backend_api.base.clock import SystemClock
from backend_api.base.instants import to_ms
from tests.benchmarks.load import Answers, send_all
from tests.chain.day import Clip, make_day, make_heartbeats
from tests.chain.history import add_week
from tests.chain.house import Cost, House, running_house
from tests.chain.reads import fill_days, in_lines, time_reads
from tests.chain.size import CLIP_BITS_PER_S, CLIP_S, EVENTS_A_USE, HEARTBEAT_S, PEAK_OVER_MEAN, Size
from tests.processes import script

_CLIENTS = 16
_DAY_S = 86_400
_PICTURE_BYTES = 30_000


@dataclass(frozen=True, slots=True)
class Step:
    """So many of something were done, in so long, for that."""

    what: str
    count: int
    seconds: float
    cost: Cost

    def cpu_ms(self, name: str) -> float:
        """CPU-milliseconds of the processes `name` for one."""
        return 1000 * self.cost.cpu_s[name] / max(1, self.count)

    def __str__(self) -> str:
        """A line for people."""
        cpu = ", ".join(f"{name} {self.cpu_ms(name):.2f}" for name in self.cost.cpu_s if self.cpu_ms(name) >= 0.005)
        return (
            f"{self.what}: {self.count} in {self.seconds:.1f} s, {self.count / self.seconds:.0f} a second; CPU-ms "
            f"each: {cpu}; bytes each: log {self.cost.wal_bytes / self.count:.0f}, database "
            f"{self.cost.database_bytes / self.count:.0f}, bucket {self.cost.bucket_bytes / self.count:.0f}"
        )


def main() -> int:
    """Simulate, and print."""
    size, heartbeats, seed = _parse()
    # Else whoever ends it, as `timeout` does, leaves the database and the bucket running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    _say(
        f"{size.gyms} gyms x {size.cameras} cameras x {size.machines} machines, {size.uses_a_day:g} uses of a "
        f"machine a day: {size.real_uses:,.0f} uses, {size.real_uses * EVENTS_A_USE:,.0f} events a day. Of these 1 in "
        f"{1 / size.thin:.0f} is simulated; {size.verdicts} attempts have a clip and are judged; seed {seed}"
    )
    clock, rng = SystemClock(), random.Random(seed)
    now, begin_s = clock.now(), clock.monotonic_s()
    with running_house() as house, TemporaryDirectory() as folder:
        house.start_backends(1)
        _grow(house, size, now)
        house.start_backends(1)
        clip = _make_clip(Path(folder))
        steps = _play_day(house, size, heartbeats, now, clip, rng)
        _fill_days(house, size)
        for title, gym in ((f"one gym of {size.gyms}", f"gym_{size.gyms // 2:04d}"), ("the chain", None)):
            _say(f"\nreads of {title}, the slowest first:\n{in_lines(time_reads(house.ports[0], gym, now))}")
        _sum_up(size, steps, clip)
    _say(
        f"\nall of it took {(clock.monotonic_s() - begin_s) / 60:.1f} minutes, with a load of {os.getloadavg()[2]:.0f}"
    )
    return 0


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parse() -> tuple[Size, int, int]:
    parser = argparse.ArgumentParser(prog="python -m tests.chain", description=__doc__)
    add = parser.add_argument
    add("--gyms", type=int, default=1000)
    add("--cameras", type=int, default=10, help="of a gym")
    add("--machines", type=int, default=5, help="of a camera")
    add("--uses", type=float, default=25, help="of a machine a day")
    add("--thin", type=float, default=0.01, help="the share of uses that is simulated (default: %(default)s)")
    add("--verdicts", type=int, default=300, help="attempts of the day that have a clip and are judged")
    add("--heartbeats", type=int, default=1000, help="gyms that report on their cameras")
    add("--weeks", type=int, default=4, help="simulated weeks behind the day")
    add("--seed", type=int, default=1)
    options = parser.parse_args()
    size = Size(
        options.gyms,
        options.cameras,
        options.machines,
        options.uses,
        options.thin,
        options.verdicts,
        options.weeks,
    )
    return size, options.heartbeats, options.seed


def _grow(house: House, size: Size, now: datetime) -> None:
    """Write the weeks before the day, and say how the database grows."""
    clock = SystemClock()
    before = house.cost()
    for week in range(size.weeks, 0, -1):
        begin_s = clock.monotonic_s()
        begin = now - timedelta(days=1, weeks=week)
        events = add_week(house.connection, size, to_ms(begin))
        after = house.cost()
        grown_bytes = after.since(before).database_bytes
        _say(
            f"week {size.weeks - week + 1}: {events} events in {clock.monotonic_s() - begin_s:.0f} s; the database has "
            f"{after.database_bytes / 1e6:.0f} MB, {grown_bytes / 1e6:+.0f} MB, {grown_bytes / events:.0f} bytes an "
            f"event; a week that is not thinned: {grown_bytes / size.thin / 1e9:.0f} GB"
        )
        before = after


def _play_day(
    house: House, size: Size, heartbeats: int, now: datetime, clip: Clip, rng: random.Random
) -> dict[str, Step]:
    thumbnail = _thumbnail(clip)
    # Over by now: every window has closed.
    begin = now - timedelta(hours=25)
    day = make_day(size, begin, clip, thumbnail, rng)
    files = [request for sent in day for request in sent.files]
    steps = {
        "files": _do(house, "clips and thumbnails", files),
        "events": _do(house, "events, one a request", [sent.event for sent in day]),
        "heartbeats": _do(
            house, "reports on cameras, a gym's in a request", make_heartbeats(size, heartbeats, begin), size.cameras
        ),
    }
    clock, before = SystemClock(), house.cost()
    begin_s = clock.monotonic_s()
    house.drain(workers=2, concurrency=2, timeout_s=600)
    cost, judged = house.cost().since(before), min(size.verdicts, size.uses // 2)
    steps["verdicts"] = Step("verdicts", judged, clock.monotonic_s() - begin_s, cost)
    _say(steps["verdicts"])
    return steps


def _fill_days(house: House, size: Size) -> None:
    """Let a backend compute the figures of the week's days, all of them, by asking for the chain's."""
    house.connection.execute("DELETE FROM store_days")
    clock, before = SystemClock(), house.cost()
    begin_s = clock.monotonic_s()
    requests = fill_days(house.ports[0])
    seconds = clock.monotonic_s() - begin_s
    what = f"days of gyms, computed within {requests} requests for the chain's"
    _say(Step(what, 7 * size.gyms, seconds, house.cost().since(before)))


def _do(house: House, what: str, requests: list[bytes], in_each: int = 1) -> Step:
    clock, before = SystemClock(), house.cost()
    begin_s = clock.monotonic_s()
    answers: Answers = send_all(house.ports, requests, clients=_CLIENTS)
    assert not answers.refused, f"{what}: {answers.refused[:5]}"
    step = Step(what, in_each * len(requests), clock.monotonic_s() - begin_s, house.cost().since(before))
    _say(step)
    return step


def _sum_up(size: Size, steps: dict[str, Step], clip: Clip) -> None:
    """What the steps come to at the size of the chain, a day."""
    attempts = size.real_uses / 2
    clip_bytes = CLIP_S * CLIP_BITS_PER_S / 8
    a_day = {
        "events": size.real_uses * EVENTS_A_USE,
        "files": 2 * attempts,
        "heartbeats": size.all_cameras * _DAY_S / HEARTBEAT_S,
        "verdicts": attempts,
    }
    _say(f"\na day of the chain, from the figures above; the peak is {PEAK_OVER_MEAN} times the mean:")
    for name, count in a_day.items():
        step = steps[name]
        cores = {who: step.cpu_ms(who) * count / 1000 / _DAY_S for who in step.cost.cpu_s if who != "simulated edges"}
        mean = ", ".join(f"{who} {value:.2f}" for who, value in cores.items() if value >= 0.005)
        kept = (
            # Each takes the place of the one before.
            ""
            if name == "heartbeats"
            else f"; log {step.cost.wal_bytes / step.count * count / 1e9:.1f} GB, database "
            f"{step.cost.database_bytes / step.count * count / 1e9:.1f} GB"
        )
        _say(f"  {step.what}: {count:,.0f}; cores on average: {mean or 'none'}{kept}")
    pictures = steps["verdicts"].cost.bucket_bytes / steps["verdicts"].count
    _say(
        f"  the bucket: {attempts:,.0f} clips of {CLIP_S} s at {CLIP_BITS_PER_S / 1e6:g} Mbit/s, "
        f"{attempts * clip_bytes / 1e12:.2f} TB, and pictures that the model was shown, "
        f"{attempts * pictures / 1e12:.2f} TB (here: clips of {len(clip.content) / 1e6:.2f} MB)"
    )


def _make_clip(folder: Path) -> Clip:
    path = folder / "clip.mp4"
    flags = ["--out", str(path), "--seed", "42", "--duration-s", str(CLIP_S)]
    subprocess.run([*script("edge_service/sample.py"), *flags], check=True, timeout=300, capture_output=True)
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        return Clip(path.read_bytes(), stream.width, stream.height)


def _thumbnail(clip: Clip) -> bytes:
    """A real picture's size; nobody looks at it."""
    return b"\xff\xd8\xff" + random.Random(len(clip.content)).randbytes(_PICTURE_BYTES)


if __name__ == "__main__":
    sys.exit(main())
