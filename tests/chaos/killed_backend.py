"""The backend itself is killed again and again while it tells many targets of windows that were left uncleaned.

The receivers are slow, refuse and cut, so that kills meet every step. Every window that the backend acknowledged is
told to each webhook in exactly one message, and a message comes twice only when a kill fell between its sending and
its noting.
"""

import json
import os
import random
import threading
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import requests

from backend_api.base.clock import SystemClock
from backend_api.base.instants import to_ms
from backend_api.contract.events import Event, EventType
from backend_api.contract.values import format_timestamp
from backend_api.store.db.settings import SettingName
from backend_api.store.store import Store
from tests.backend_api.alerts.sinks import HttpSink, MailSink, Reaction, http_sink, mail_sink
from tests.backend_api.events import START, make_event
from tests.processes import Running, eventually, free_port, script

HOOKS = 16
LONGEST_LIFE_S = 3.0
# Longer than a life at times: then the kill falls between sending and noting for certain.
LONGEST_ANSWER_S = 2.0
# The answer was written, and the row not yet.
_NOTING_S = 2.0
_CLOCK = SystemClock()


@dataclass
class Outcome:
    """`acknowledged` are the sessions that the backend took; `tellings` the messages of each, by session and hook."""

    kills_s: list[float] = field(default_factory=list)
    acknowledged: list[UUID] = field(default_factory=list)
    tellings: dict[tuple[UUID, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    # How often each message was taken by its target.
    taken: Counter[str] = field(default_factory=Counter)
    # Messages that came again though no kill fell between sending and noting.
    unexplained: set[str] = field(default_factory=set)
    mails: int = 0
    mails_noted: int = 0
    not_mailed: list[UUID] = field(default_factory=list)

    @property
    def lost(self) -> list[tuple[UUID, str]]:
        """What some hook was not told."""
        names = [f"hook_{number:02d}" for number in range(HOOKS)]
        return [(one, name) for one in self.acknowledged for name in names if not self.tellings[one, name]]

    @property
    def in_two_messages(self) -> list[tuple[UUID, str]]:
        """What some hook was told in more than one message."""
        return [place for place, messages in self.tellings.items() if len(messages) > 1]

    @property
    def again(self) -> list[str]:
        """The messages that a hook took more than once."""
        return [message for message, count in self.taken.items() if count > 1]


def kill_backends(folder: Path, kills: int, seed: int) -> Outcome:
    """Start the backend and kill it at a random instant, `kills` times; then let one tell the rest."""
    chance, outcome = random.Random(seed), Outcome()
    with _receivers(chance) as (hooks, mail):
        command = _command(folder, hooks, mail)
        for _ in range(kills):
            with _backend(command) as (process, url):
                _post_session(url, outcome)
                _CLOCK.wait(threading.Event(), chance.uniform(0.0, LONGEST_LIFE_S))
                process.kill()
                outcome.kills_s.append(_CLOCK.monotonic_s())
        with _backend(command) as (_, url):
            eventually(lambda: _is_all_told(url, outcome), "all is told", timeout_s=420)
            _read_mails(url, mail, outcome)
        _read_hooks(hooks, outcome)
    return outcome


@contextmanager
def _receivers(chance: random.Random) -> Iterator[tuple[HttpSink, MailSink]]:
    def reaction() -> Reaction:
        after_s, kind = chance.uniform(0.0, LONGEST_ANSWER_S), chance.random()
        if kind < 0.05:
            return Reaction(503, after_s=after_s)
        if kind < 0.1:
            return Reaction(429, headers=[("Retry-After", "5")], after_s=after_s)
        return Reaction(None if kind < 0.15 else 200, after_s=after_s)

    with ExitStack() as stack:
        hooks = stack.enter_context(http_sink(*[reaction() for _ in range(20_000)]))
        yield hooks, stack.enter_context(mail_sink())


def _command(folder: Path, hooks: HttpSink, mail: MailSink) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    db = folder / "app.db"
    with closing(Store.open(db, _CLOCK, create=True)) as store:
        # No worker is here to ask about ends, and what closed an hour ago is no old news.
        store.enrichments.judge_ends(is_on=False)
        store.settings.keep(SettingName.ALERTS_SINCE_MS, str(to_ms(_CLOCK.now()) - 3_600_000))
    targets = [
        f'  - {{name: hook_{number:02d}, webhook: "{hooks.url}/{number:02d}", secret: "${{HOOK_SECRET}}"}}'
        for number in range(HOOKS)
    ]
    targets.append(
        f'  - {{name: mail, url: "mailto://127.0.0.1:{mail.port}?from=gym@example.org&to=boss@example.org"}}'
    )
    config = folder / "alerts.yaml"
    # The receivers fail so often that some are told of as failed; that is not what is counted here.
    kinds = "kinds: {window_uncleaned: {after_min: 0.05}, target_failed: {on: false}, disk_low: {on: false}}"
    config.write_text("\n".join(["targets:", *targets, kinds, ""]))
    flags = ["--db", db, "--media-dir", folder / "media", "--port", free_port(), "--alerts", config]
    return [*script("backend_api/main.py"), *map(str, flags)]


@contextmanager
def _backend(command: list[str]) -> Iterator[tuple[Running, str]]:
    secret = f"whsec_{b64encode(32 * b'k').decode()}"
    with Running(command, env={"HOOK_SECRET": secret, "PATH": os.environ["PATH"]}) as process:
        process.wait_for("listening on")
        yield process, f"http://127.0.0.1:{command[command.index('--port') + 1]}"


def _post_session(url: str, outcome: Outcome) -> None:
    """A use whose window closed a minute ago, and nobody cleaned."""
    ended = _CLOCK.now() - timedelta(minutes=3)
    at_s = (ended - START).total_seconds()
    names = {"machine_id": f"bike_{len(outcome.acknowledged)}"}
    start = make_event(event_type=EventType.MACHINE_OCCUPIED_START, at_s=at_s - 60, **names)
    names["session_id"] = str(start.event_id)
    closes = format_timestamp(ended + timedelta(minutes=2))
    events = [
        start.model_copy(update={"session_id": start.event_id}),
        make_event(
            event_type=EventType.MACHINE_OCCUPIED_END,
            at_s=at_s,
            attributes={"occupied_s": 60.0, "end_reason": "left"},
            **names,
        ),
        make_event(event_type=EventType.CLEANING_WINDOW_OPEN, at_s=at_s, attributes={"closes_at": closes}, **names),
    ]
    _post(url, events)
    outcome.acknowledged.append(start.event_id)


def _post(url: str, events: list[Event]) -> None:
    body = b"\n".join(event.model_dump_json().encode() for event in events)
    answer = requests.post(
        f"{url}/events/batch", data=body, headers={"Content-Type": "application/x-ndjson"}, timeout=20
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == [], answer.text


def _is_all_told(url: str, outcome: Outcome) -> bool:
    targets = requests.get(f"{url}/alerts/targets", timeout=20).json()["items"]
    known = {alert["facts"].get("session_id") for alert in _alerts(url)}
    is_known = known >= {str(session_id) for session_id in outcome.acknowledged}
    _CLOCK.wait(threading.Event(), 1.0)
    return is_known and not any(target["waiting"] for target in targets)


def _alerts(url: str) -> Iterator[dict]:  # type: ignore[type-arg]
    before: int | None = None
    while True:
        query = {"limit": 200} | ({"before": before} if before else {})
        page = requests.get(f"{url}/alerts", params=query, timeout=20).json()
        yield from page["items"]
        before = page["next_before"]
        if before is None:
            return


def _read_hooks(hooks: HttpSink, outcome: Outcome) -> None:
    receipts = defaultdict(list)
    for taken, (headers, body), times_s in zip(hooks.taken, hooks.got, hooks.times_s, strict=True):
        message = headers["webhook-id"]
        receipts[message].append(times_s)
        if not taken:
            continue
        outcome.taken[message] += 1
        for alert in json.loads(body)["data"]["alerts"]:
            if alert["kind"] == "window_uncleaned":
                outcome.tellings[UUID(alert["facts"]["session_id"]), message.split("_", 2)[2]].add(message)
    for message in outcome.again:
        # All but the last have to have been met by a kill.
        for came_s, answered_s in receipts[message][:-1]:
            until_s = min(answered_s, came_s + LONGEST_ANSWER_S) + _NOTING_S
            if not any(came_s <= kill_s <= until_s for kill_s in outcome.kills_s):
                outcome.unexplained.add(message)


def _read_mails(url: str, mail: MailSink, outcome: Outcome) -> None:
    outcome.mails = len(mail.got)
    noted: set[tuple[datetime, str]] = set()
    for alert in _alerts(url):
        told = [one for one in alert["told"] if one["target"] == "mail" and one["status"] == "SENT"]
        noted |= {(one["at"], one["answer"]) for one in told}
        if alert["kind"] == "window_uncleaned" and not told:
            outcome.not_mailed.append(UUID(alert["facts"]["session_id"]))
    outcome.mails_noted = len(noted)
