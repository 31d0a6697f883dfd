"""Kills at random instants: what was written is told, and nothing twice but what was being noted when the kill came."""

import json
import random
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.alerts.post_office import PostOffice, SendRetries
from backend_api.base.clock import SystemClock
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.messages import Pace
from backend_api.store.store import Store
from tests.backend_api.alerts.killed_sender import KEY
from tests.backend_api.alerts.sinks import OK, HttpSink, Reaction, http_sink
from tests.processes import Running, eventually

LONGEST_LIFE_S = 0.6


@dataclass(frozen=True)
class Outcome:
    """`written` and `told` alerts by number; `again` are those told twice, `messages_again` the messages."""

    kills: int
    written: frozenset[int]
    told: Counter[int]
    messages_again: frozenset[str]

    @property
    def again(self) -> frozenset[int]:
        """The alerts that were told more than once."""
        return frozenset(number for number, count in self.told.items() if count > 1)


def kill_senders(folder: Path, kills: int, seed: int) -> Outcome:
    """Let a process write and tell alerts, kill it at a random instant, `kills` times; then let one tell the rest."""
    chance, db = random.Random(seed), folder / "app.db"
    script = str(Path(__file__).parent / "killed_sender.py")
    repository = str(Path(__file__).parents[3])
    written: set[int] = set()
    # Now and then the target fails by itself, too.
    reactions = [Reaction(503) if chance.random() < 0.1 else OK for _ in range(20 * kills)] + [OK]
    with http_sink(*reactions) as sink:
        for _ in range(kills):
            # A process may be killed between writing an alert and saying so: numbers are left out, none is reused.
            first = max(written, default=0) + 1000
            command = [sys.executable, script, str(db), sink.url, str(first)]
            with Running(command, env={"PYTHONPATH": repository}) as process:
                process.wait_for("wrote")
                SystemClock().wait(threading.Event(), chance.uniform(0.0, LONGEST_LIFE_S))
                process.kill()
            written |= {int(line.split()[1]) for line in process.lines if line.startswith("wrote ")}
        _tell_the_rest(db, sink)
        return _outcome(kills, written, sink)


def _tell_the_rest(db: Path, sink: HttpSink) -> None:
    clock, stop = SystemClock(), threading.Event()
    config = AlertsConfig(targets=(Target("hook", sink.url, is_webhook=True, secret=KEY),))
    with closing(Store.open(db, clock, create=True)) as store:
        office = PostOffice(
            store, MediaFolder.open(db.parent / "media"), config, clock, random.Random(1),
            pace=Pace(gather_s=0.0, apart_s=0.0, lease_s=5.0),
            retries=SendRetries(max_attempts=10_000, first_s=0.05, max_s=0.2), poll_s=0.02,
        )  # fmt: skip
        telling = threading.Thread(target=office.run, args=(stop,), daemon=True)
        telling.start()
        eventually(lambda: office.states()[0].waiting == 0 and not store.alerts.unrouted(), "all is told")
        stop.set()
        telling.join()


def _outcome(kills: int, written: set[int], sink: HttpSink) -> Outcome:
    told: Counter[int] = Counter()
    messages: Counter[str] = Counter()
    for taken, (headers, body) in zip(sink.taken, sink.got, strict=True):
        if not taken:
            continue
        messages[headers["webhook-id"]] += 1
        for alert in json.loads(body)["data"]["alerts"]:
            if alert["kind"] == "camera_silent":
                told[int(alert["facts"]["camera_id"].removeprefix("cam_"))] += 1
    return Outcome(kills, frozenset(written), told, frozenset(name for name, count in messages.items() if count > 1))
