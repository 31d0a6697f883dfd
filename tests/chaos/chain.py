"""A chain on one computer: two backends on one PostgreSQL and one bucket, two workers, two cameras, all of them killed.

The second backend and worker reach the database through PgBouncer, in transaction mode.
What ends by itself meanwhile, as a backend does that finds no database at its start, is started again, as systemd
would.
"""

import random
import shutil
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from backend_api.base.clock import SystemClock
from tests import pgbouncer, postgres, seaweed
from tests.backend_api.sse import Message
from tests.chaos.flaky_proxy import FlakyProxy
from tests.chaos.follower import Follower
from tests.chaos.outcome import Fact, facts, unfinished
from tests.chaos.poster import STORE_ID, Poster
from tests.processes import Running, eventually, free_port, script
from tests.requirements import need_postgres, need_weed

CAMERAS = ("cam_01", "cam_02")
_CLOCK = SystemClock()
_PLACE = f"s3://{seaweed.BUCKET}/chain"
# How PostgreSQL goes: at once, at once without tidying (what a crash leaves), or as its administrator stops it.
_ENDS = (signal.SIGKILL, signal.SIGQUIT, signal.SIGINT)
_SERVERS = ("postgres", "bucket", "pgbouncer")
_AWAY_S = 3.0
# The share of backends that are killed when they have started, and not before.
_GROWN_UP = 0.8
# What a killed process had written is with the system: nothing has to wait for the disk.
_FAST = ("fsync=off", "log_min_messages=fatal")


@dataclass(slots=True)
class Part:
    """One of the processes: its command, and how often it was killed or ended by itself, with its last words."""

    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    running: Running | None = None
    kills: int = 0
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChainOutcome:
    """What is left: the facts as each backend tells them, what each one's stream has sent, and what the log holds."""

    facts: list[list[Fact]]
    # What is there of the events of poster.py, and what was acknowledged of them.
    posted: list[str]
    acknowledged: list[str]
    streams: list[list[Message]]
    log_ids: list[int]
    kills: Counter[str]
    last_words: Counter[str]
    connections: int
    cut_answers: int
    doctor: str


class Chain:
    """The processes of the chain in `folder`, each of which can be killed and comes up again."""

    def __init__(self, video: Path, folder: Path, rng: random.Random, *, speed: str) -> None:
        self._rng = rng
        self._stack = ExitStack()
        self._ports = [free_port(), free_port()]
        self._database = self._stack.enter_context(temporary_cluster(*_FAST))
        self._bucket_folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gym-weed-")))
        pool_port, pool_folder = free_port(), self._database.folder / "pgbouncer"
        pool = pgbouncer.serve_command(pool_folder, pool_port, self._database.port)
        bucket, self._endpoint = seaweed.serve_command(need_weed(), self._bucket_folder)
        self._proxy = self._stack.enter_context(FlakyProxy(self._ports, rng))
        keys = {**seaweed.KEYS, "AWS_ENDPOINT_URL": self._endpoint, "TMPDIR": str(folder)}
        self._environment = {**keys, "GYM_DB": self._database.url_at(self._database.port)}
        pooled = {**keys, "GYM_DB": f"{self._database.url_at(pool_port)}?pgbouncer=true"}
        ours = ["--media-dir", _PLACE]
        worker = [*script("mm_worker/worker.py"), *ours, "--seed", "123", "--poll-s", "0.1", "--lease-s", "2"]
        self._parts = {"postgres": Part(self._database.command), "bucket": Part(bucket), "pgbouncer": Part(pool)}
        for number, (port, environment) in enumerate(zip(self._ports, (self._environment, pooled), strict=True), 1):
            backend = [*script("backend_api/main.py"), *ours, "--port", str(port)]
            self._parts[f"backend {number}"] = Part(backend, environment)
            self._parts[f"worker {number}"] = Part(worker, environment)
        for camera_id in CAMERAS:
            self._parts[camera_id] = Part(self._edge(video, folder / camera_id, camera_id, speed))
        self._poster = Poster(self._ports, rng)
        self._followers = [self._stack.enter_context(Follower(port)) for port in self._ports]

    def _edge(self, video: Path, folder: Path, camera_id: str, speed: str) -> list[str]:
        return [
            *script("edge_service/main.py"),
            *("--video", str(video), "--camera-id", camera_id, "--store-id", "gym_demo", "--seed", "42"),
            *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox")),
            *("--backend-url", f"http://127.0.0.1:{self._proxy.port}"),
            *("--start-time", "2026-01-31T09:00:00Z", "--speed", speed),
        ]

    def start(self) -> None:
        """Start all of them, the servers first."""
        for name in _SERVERS:
            self._start(name)
        self._eventually(lambda: self._database.answers(), "PostgreSQL answers")
        self._eventually(lambda: seaweed.answers(self._endpoint), "SeaweedFS answers")
        with psycopg.connect(self._database.base, autocommit=True) as connection:
            connection.execute("CREATE DATABASE chain TEMPLATE template0")
        for name in self._parts:
            if name not in _SERVERS:
                self._start(name)
        self._stack.enter_context(self._poster)

    def kill(self, name: str) -> None:
        """Wait for a random moment, kill `name`, and start it again: the servers only after a while."""
        _CLOCK.wait(threading.Event(), self._rng.uniform(0.1, 1.5))
        self._tend()
        part = self._parts[name]
        if name.startswith("backend") and self._rng.random() < _GROWN_UP:
            self._eventually(lambda: part.running is not None and "listening" in part.running.output, f"{name} is up")
        if part.running is None or part.running.has_ended:
            return
        if name == "postgres":
            part.running.send(self._rng.choice(_ENDS))
            part.running.wait()
        elif name == "bucket":
            part.running.stop()
        else:
            part.running.kill()
        part.kills += 1
        if name in _SERVERS:
            _CLOCK.wait(threading.Event(), self._rng.uniform(0.0, _AWAY_S))
        self._start(name)

    def finish(self) -> ChainOutcome:
        """Let everything come to its end, then say what is left."""
        self._eventually(self._are_ready, "both backends are ready")
        # Its last events are answered now.
        self._poster.stop()
        self._eventually(self._are_cameras_done, "both cameras are through", 300)
        self._eventually(lambda: self._ask(unfinished) == 0, "every attempt has its verdict", 120)
        # As in run.py: of ends whose windows have closed, and of what killed processes left unfinished.
        for number in (1, 2):
            self._stop(f"worker {number}")
        with Running([*self._parts["worker 1"].command, "--drain"], env=self._environment) as worker:
            assert worker.wait(120) == 0, worker.output
        for number in (1, 2):
            self._stop(f"backend {number}")
            self._start(f"backend {number}").wait_for("listening")
        with psycopg.connect(self._database.url_at(self._database.port)) as connection:
            log_ids = [change_id for (change_id,) in connection.execute("SELECT id FROM changes ORDER BY id")]
        self._eventually(lambda: min(one.last_id for one in self._followers) >= log_ids[-1], "both streams are through")
        with Running([*script("backend_api/doctor.py"), "--media-dir", _PLACE], env=self._environment) as doctor:
            code = doctor.wait(120)
        return ChainOutcome(
            [facts(_address(port), "gym_demo") for port in self._ports],
            [fact.event_id for fact in facts(_address(self._ports[0]), STORE_ID)],
            [str(event_id) for event_id in self._poster.acknowledged],
            # Cameras may have changed their status since.
            [[one for one in follower.messages if int(one.id) <= log_ids[-1]] for follower in self._followers],
            log_ids,
            Counter({name: part.kills for name, part in self._parts.items()}),
            Counter(line for part in self._parts.values() for line in part.said),
            sum(follower.connections for follower in self._followers),
            self._proxy.cut,
            f"{code}: {doctor.output}",
        )

    def close(self) -> None:
        """End whatever runs."""
        for part in self._parts.values():
            if part.running is not None:
                part.running.kill()
        self._stack.close()

    def _start(self, name: str) -> Running:
        part = self._parts[name]
        if part.running is not None:
            assert "Traceback" not in part.running.output, part.running.output
        part.running = self._stack.enter_context(Running(part.command, cwd=_cwd(name), env=part.environment))
        return part.running

    def _stop(self, name: str) -> None:
        running, self._parts[name].running = self._parts[name].running, None
        assert running is not None
        assert running.stop() == 0, running.output

    def _tend(self) -> None:
        """Start again what has ended by itself before its work was done."""
        for name, part in self._parts.items():
            if part.running is not None and part.running.has_ended and not _is_done(part.running):
                part.running.wait()
                part.said.append(f"{name}: {part.running.lines[-1] if part.running.lines else 'nothing'}"[:160])
                self._start(name)

    def _are_ready(self) -> bool:
        try:
            return all(requests.get(f"{_address(port)}/ready", timeout=10).ok for port in self._ports)
        except requests.RequestException:
            return False

    def _are_cameras_done(self) -> bool:
        return all(_is_done(self._parts[camera_id].running) for camera_id in CAMERAS)

    def _ask(self, question: Callable[[str], int]) -> int | None:
        """What a backend answers; None while it does not."""
        try:
            return question(_address(self._ports[0]))
        except requests.RequestException:
            return None

    def _eventually(self, condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        def tended() -> bool:
            self._tend()
            return condition()

        eventually(tended, what, timeout_s)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server's folder and command, and the port that it listens at."""

    folder: Path
    command: list[str]
    port: int

    @property
    def base(self) -> str:
        """The database that is always there."""
        return f"postgresql://gym@127.0.0.1:{self.port}/postgres"

    def url_at(self, port: int) -> str:
        """The chain's database, by the server at `port`."""
        return f"postgresql://gym@127.0.0.1:{port}/chain"

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.base).close()
        except psycopg.OperationalError:
            return False
        return True

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)


def temporary_cluster(*settings: str) -> Cluster:
    """An empty cluster in a folder that goes at the end; skips or fails where PostgreSQL is missing."""
    programs, port = need_postgres(), free_port()
    folder = postgres.make_cluster(programs)
    return Cluster(folder, postgres.serve_command(programs, folder, port, *settings), port)


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _cwd(name: str) -> Path:
    """PostgreSQL's user may not see the repository."""
    return Path("/") if name in _SERVERS else Path(__file__).parents[2]


def _is_done(running: Running | None) -> bool:
    return running is not None and running.has_ended and bool(running.lines) and "done:" in running.lines[-1]
