"""The chain's processes on this computer, and what they cost: CPU by process, bytes of the database, log and bucket."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from tests import seaweed
from tests.chaos.chain import temporary_cluster
from tests.processes import Running, eventually, free_port, script
from tests.requirements import need_weed

_SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB", "max_connections=200", "log_min_messages=fatal")
_PLACE = f"s3://{seaweed.BUCKET}/chain"
PROCESSES = ("backends", "workers", "PostgreSQL", "SeaweedFS", "simulated edges")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU-seconds of each of PROCESSES, bytes of the write-ahead log, of the database, and of the bucket's objects."""

    cpu_s: dict[str, float]
    wal_bytes: int
    database_bytes: int
    bucket_bytes: int

    def since(self, before: "Cost") -> "Cost":
        """What was added since `before`."""
        return Cost(
            {name: seconds - before.cpu_s[name] for name, seconds in self.cpu_s.items()},
            self.wal_bytes - before.wal_bytes,
            self.database_bytes - before.database_bytes,
            self.bucket_bytes - before.bucket_bytes,
        )


class House:
    """PostgreSQL and a bucket that run; `connection` is to the chain's database, `ports` are those of the backends."""

    def __init__(self, stack: ExitStack, url: str, servers: dict[str, Running], environment: dict[str, str]) -> None:
        self._stack = stack
        self._environment = environment
        self._processes = {name: [psutil.Process(running.pid)] for name, running in servers.items()}
        self._processes |= {"simulated edges": [], "workers": [], "backends": []}
        self._ended_s = dict.fromkeys(PROCESSES, 0.0)
        self.connection: psycopg.Connection[object] = stack.enter_context(psycopg.connect(url, autocommit=True))
        self.ports: list[int] = []

    def start_backends(self, count: int) -> None:
        """Start so many of them, one after the other."""
        for _ in range(count):
            port = free_port()
            command = [*script("backend_api/main.py"), "--media-dir", _PLACE, "--port", str(port)]
            backend = self._stack.enter_context(Running(command, env=self._environment))
            backend.wait_for("listening")
            self._processes["backends"].append(psutil.Process(backend.pid))
            self.ports.append(port)

    def drain(self, workers: int, concurrency: int, timeout_s: float) -> None:
        """Let so many workers answer everything that is asked."""
        command = [*script("mm_worker/worker.py"), "--media-dir", _PLACE, "--drain", "--judge-ends", "off"]
        command += ["--concurrency", str(concurrency)]
        with ExitStack() as stack:
            running = [stack.enter_context(Running(command, env=self._environment)) for _ in range(workers)]
            watched = [psutil.Process(worker.pid) for worker in running]
            used_s = [0.0] * workers

            def are_done() -> bool:
                for number, process in enumerate(watched):
                    used_s[number] = max(used_s[number], _cpu_s(process))
                return all(worker.has_ended for worker in running)

            eventually(are_done, "the workers are done", timeout_s)
            for worker in running:
                assert worker.wait() == 0, worker.output
            self._ended_s["workers"] += sum(used_s)

    def cost(self) -> Cost:
        """What everything has cost since it was started."""
        wal, database, bucket = self._row(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_database_size(current_database()), "
            "(SELECT coalesce(sum(size_bytes), 0) FROM media_files)"
        )
        cpu_s = {name: self._ended_s[name] + sum(map(_cpu_s, self._processes[name])) for name in PROCESSES}
        own = psutil.Process().cpu_times()
        cpu_s["simulated edges"] = own.user + own.system
        return Cost(cpu_s, int(wal), int(database), int(bucket))

    def _row(self, query: str) -> tuple[int, ...]:
        found = self.connection.execute(query.encode()).fetchone()
        assert isinstance(found, tuple)
        return found


@contextmanager
def running_house() -> Iterator[House]:
    """The servers, with an empty database that a backend has made its tables in. Their disks are really waited for."""
    with ExitStack() as stack:
        cluster = stack.enter_context(temporary_cluster(*_SETTINGS))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gym-chain-")))
        bucket, endpoint = seaweed.serve_command(need_weed(), folder)
        servers = {
            "PostgreSQL": stack.enter_context(Running(cluster.command, cwd=Path("/"))),
            "SeaweedFS": stack.enter_context(Running(bucket, cwd=Path("/"))),
        }
        eventually(cluster.answers, "PostgreSQL answers")
        eventually(lambda: seaweed.answers(endpoint), "SeaweedFS answers")
        with psycopg.connect(cluster.base, autocommit=True) as connection:
            connection.execute("CREATE DATABASE chain TEMPLATE template0")
        url = cluster.url_at(cluster.port)
        environment = {**seaweed.KEYS, "AWS_ENDPOINT_URL": endpoint, "GYM_DB": url, "TMPDIR": str(folder)}
        yield House(stack, url, servers, environment)


def _cpu_s(process: psutil.Process) -> float:
    """Of a process and all that it has started; 0 once it is gone."""
    try:
        own = process.cpu_times()
        below = [child.cpu_times() for child in process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return float(own.user + own.system + own.children_user + own.children_system) + sum(
        child.user + child.system for child in below
    )
