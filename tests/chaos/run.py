"""One run of edge, backend and worker on a video, with any number of kills on the way."""

import random
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from backend_api.base.clock import SystemClock
from tests.chaos.flaky_proxy import FlakyProxy
from tests.chaos.outcome import Fact, facts, unfinished
from tests.processes import Running, eventually, free_port, script

_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left after a run, and what was done to it."""

    facts: list[Fact]
    kills: dict[str, int]
    cut_answers: int


class Play:
    """The three processes, each of which can be killed and comes up again."""

    def __init__(
        self,
        video: Path,
        folder: Path,
        rng: random.Random,
        *,
        flaky: bool,
        speed: str,
        edge_media: str,
        camera_id: str,
    ) -> None:
        self._folder = folder
        self._rng = rng
        self._stack = ExitStack()
        self._backend_port = free_port()
        self.address = f"http://127.0.0.1:{self._backend_port}"
        self._proxy = self._stack.enter_context(FlakyProxy([self._backend_port], rng)) if flaky else None
        edge_port = self._proxy.port if self._proxy else self._backend_port
        media = ["--media-dir", str(folder / "media")]
        self._commands = {
            "backend": [
                *script("backend_api/main.py"),
                *("--db", str(folder / "app.db"), *media, "--port", str(self._backend_port)),
            ],
            "worker": [
                *script("mm_worker/worker.py"),
                *("--db", str(folder / "app.db"), *media, "--seed", "123", "--poll-s", "0.1", "--lease-s", "2"),
            ],
            "edge": [
                *script("edge_service/main.py"),
                *("--video", str(video), "--camera-id", camera_id, "--store-id", "gym_demo", "--seed", "42"),
                *("--media-dir", str(folder / edge_media)),
                *("--outbox-dir", str(folder / "outbox"), "--backend-url", f"http://127.0.0.1:{edge_port}"),
                *("--start-time", "2026-01-31T09:00:00Z", "--speed", speed),
            ],
        }
        self._running: dict[str, Running] = {}
        self.kills = dict.fromkeys(self._commands, 0)

    def start(self, name: str) -> Running:
        """Start `name`, whether it was killed or has ended."""
        self._running[name] = self._stack.enter_context(Running(self._commands[name]))
        return self._running[name]

    def kill_one(self) -> None:
        """Wait for a random moment, kill a random process, and start it again."""
        _CLOCK.wait(threading.Event(), self._rng.uniform(0.05, 1.5))
        name = self._rng.choice(sorted(self._commands))
        self._running[name].kill()
        self.kills[name] += 1
        self.start(name)

    def finish(self) -> Outcome:
        """Let everything come to its end, then say what is left."""
        self._running["backend"].wait_for("listening")  # it may have been killed just now
        while self._running["edge"].wait(300) != 0 or "done:" not in self._running["edge"].lines[-1]:
            self.start("edge")
        eventually(lambda: unfinished(self.address) == 0, "every attempt has its verdict", 120)
        # An end is asked about some time after its window has closed, for an attempt may come late: none does any more.
        self._running["worker"].stop()
        with Running([*self._commands["worker"], "--drain"]) as worker:
            assert worker.wait(120) == 0, worker.output
        # What a killed worker left unfinished goes at the backend's next start.
        self._running["backend"].stop()
        self.start("backend").wait_for("listening")
        cut_answers = self._proxy.cut if self._proxy else 0
        return Outcome(facts(self.address), self.kills, cut_answers)

    def close(self) -> None:
        """End whatever runs."""
        self._stack.close()


def play(
    video: Path,
    folder: Path,
    *,
    seed: int = 0,
    kills: int = 0,
    speed: str = "max",
    edge_media: str = "media",
    camera_id: str = "cam_01",
) -> Outcome:
    """Run `video` through edge, backend and worker in `folder`, killing `kills` times; `seed` makes it repeatable.

    `edge_media` is where the edge's clips lie in `folder`; the backend reads `media`.
    """
    running = Play(
        video,
        folder,
        random.Random(seed),
        flaky=kills > 0,
        speed=speed,
        edge_media=edge_media,
        camera_id=camera_id,
    )
    try:
        for name in ("backend", "worker", "edge"):
            running.start(name)
        for _ in range(kills):
            running.kill_one()
        return running.finish()
    finally:
        running.close()
