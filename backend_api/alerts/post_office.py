"""The thread that tells: alerts become notices of their targets, notices messages, and messages are sent until noted.

Invariant: an alert that is in the ledger is told each of its targets, or its message is DEAD and can be seen to be. The
steps, each a transaction of its own, so that a kill between any two loses nothing: route, put together, claim, send,
note. Between sending and noting there is no step that both could share: a process that is killed there leaves a message
that is sent again once its lease is over. There alone something is told twice, under the same id.

Each target has a thread of its own to wait for, so that a slow one delays no other.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from backend_api.alerts.composing import compose, trial_message
from backend_api.alerts.config import AlertsConfig, Target, describe_limits
from backend_api.alerts.digest import Digest, digest_message
from backend_api.alerts.routing import is_held_back, routing
from backend_api.alerts.way import Message, Reply, Way
from backend_api.alerts.webhook_way import WebhookWay
from backend_api.alerts.wording import Names
from backend_api.base.backoff import full_jitter_s
from backend_api.base.clock import Clock
from backend_api.base.lasting import explain_unforeseen
from backend_api.contract.alerts import CONDITIONS, DIGESTS, TargetState
from backend_api.contract.media import thumbnail_name
from backend_api.media.media import Media
from backend_api.store.camera_setups import machine_names
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.ledger.messages import MessageClaim, Pace
from backend_api.store.store import Store
from backend_api.store.stores import read_settings

POLL_S = 1.0
MAX_PICTURE_BYTES = 2 * 1024**2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendRetries:
    """After how many attempts a message is given up, and the longest waits between them: ten hours, as a rule."""

    max_attempts: int = 30
    first_s: float = 10.0
    max_s: float = 3600.0

    def delay_s(self, attempt: int, reply: Reply, rng: random.Random) -> float | None:
        """Seconds until the attempt after the failed `attempt` (from 1); None when it was the last one."""
        if attempt >= self.max_attempts or reply.is_final:
            return None
        return max(full_jitter_s(attempt, rng, self.first_s, self.max_s), reply.retry_after_s or 0.0)


class PostOffice:
    """Tells the targets of `config`. `ways` may be given in place of those that lead out of this computer."""

    def __init__(
        self,
        store: Store,
        media: Media,
        config: AlertsConfig,
        clock: Clock,
        rng: random.Random,
        *,
        pace: Pace = Pace(),  # noqa: B008 - a frozen value
        retries: SendRetries = SendRetries(),
        ways: Mapping[str, Way] | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        """Raises UsageError for an address that apprise does not understand."""
        self._store = store
        self._media = media
        self.config = config
        self._clock = clock
        self._rng = rng
        self._pace = pace
        self._retries = retries
        self._poll_s = poll_s
        self._targets = {target.name: target for target in config.targets}
        self._ways = ways if ways is not None else {name: open_way(t, clock) for name, t in self._targets.items()}
        # A way takes one message at a time, a test included.
        self._sending = {name: threading.Lock() for name in self._targets}

    def run(self, stop: threading.Event) -> None:
        """Tell what there is to tell until `stop` is set; what the database refuses is tried again."""
        trouble = ""
        self._try(lambda: self._store.messages.give_up_others(self._targets))
        running: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(self._targets)), thread_name_prefix="alerts") as executor:
            while not stop.is_set():
                try:
                    busy = {name for name, sending in running.items() if not sending.done()}
                    for claim in self.claims(busy):
                        running[claim.target] = executor.submit(self.deliver, claim)
                    trouble = ""
                except (StoreBusy, StoreFull, StoreBroken) as error:
                    trouble = _told_once(trouble, f"alerts wait: {error}")
                self._clock.wait(stop, self._poll_s)

    def claims(self, busy: frozenset[str] | set[str] = frozenset()) -> list[MessageClaim]:
        """Route, put together and claim what is due now, but nothing for targets that are `busy`."""
        self.route()
        waiting, due = self._store.messages.targets_at_work()
        free = (waiting | due) & self._targets.keys() - busy
        if not free:
            return []
        snoozed = self._store.messages.snoozed_until()
        claimed = []
        for name in sorted(free):
            if is_held_back(self._targets[name], self._clock.now(), snoozed):
                continue
            if name in due or self._store.messages.put_together(name, self._pace):
                claim = self._store.messages.claim(name, self._pace.lease_s)
                claimed += [] if claim is None else [claim]
        return claimed

    def route(self) -> None:
        """Write down whom each new alert is to be told, and what is to be told again since it lasts."""
        if found := self._store.alerts.unrouted():
            self._store.alerts.route([(alert, routing(alert, self.config)) for alert in found])

    def remind(self) -> None:
        """Have it told again what lasts, and nobody has acknowledged."""
        not_since = self._clock.now() - timedelta(hours=self.config.remind_after_h)
        for alert in self._store.alerts.open():
            is_due = (alert.reminded_at or alert.at) <= not_since and alert.acknowledged_at is None
            if is_due and alert.kind in CONDITIONS:
                self._store.alerts.remind(alert, not_since, routing(alert, self.config).targets)

    def deliver(self, claim: MessageClaim) -> None:
        """Send one message and note what came of it."""
        if claim.attempt > self._retries.max_attempts:
            self._note(claim, Reply(False, "no answer was noted: whoever sent it ended meanwhile", is_final=True))
            return
        try:
            with self._sending[claim.target], ExitStack() as pictures:
                reply = self._ways[claim.target].send(self.message(claim, pictures))
        except (StoreBusy, StoreFull, StoreBroken) as error:
            reply = Reply(False, f"what to say could not be read: {error}")
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it, and the message would stay claimed
            reply = Reply(False, explain_unforeseen(error))
        self._note(claim, reply)

    def message(self, claim: MessageClaim, pictures: ExitStack) -> Message:
        """The message of `claim`, whose pictures are there until `pictures` ends."""
        find_picture = partial(self._find_picture, pictures)
        first = claim.notices[0].alert if claim.notices else None
        if first is not None and first.kind in DIGESTS:
            digest = Digest.model_validate_json(first.body)
            return digest_message(claim, digest, self._targets[claim.target], self.config.dashboard_url, find_picture)
        return compose(claim, self._targets[claim.target], self.names(), self.config.dashboard_url, find_picture)

    def send_test(self, name: str) -> Reply | None:
        """What the target `name` answers to a test message, at once; None when there is no such target."""
        target = self._targets.get(name)
        if target is None:
            return None
        with self._sending[name]:
            reply = self._ways[name].send(trial_message(target, self._clock.now(), self.config.dashboard_url))
        self._store.messages.note_test(name, f"test: {reply.text}", is_ok=reply.is_ok)
        return reply

    def states(self) -> list[TargetState]:
        """Each target, and how telling it goes."""
        return self._store.messages.states(
            (target.name, target.way, describe_limits(target)) for target in self._targets.values()
        )

    def names(self) -> Names:
        """What people call machines and stores."""
        with self._store.database.snapshot() as connection:
            machines = machine_names(connection)
            settings = read_settings(connection)
        return Names(
            machines,
            {store_id: of.name for store_id, of in settings.items()},
            {store_id: ZoneInfo(of.tz) for store_id, of in settings.items()},
        )

    def _note(self, claim: MessageClaim, reply: Reply) -> None:
        if reply.is_ok:
            self._try(lambda: self._store.messages.note_sent(claim, reply.text))
            log.info("told %s: %d alerts, attempt %d", claim.target, len(claim.notices), claim.attempt)
            return
        delay_s = self._retries.delay_s(claim.attempt, reply, self._rng)
        self._try(lambda: self._store.messages.note_failed(claim, reply.text, delay_s))
        following = "given up" if delay_s is None else f"next in {delay_s:.0f} s"
        log.warning("target %s, attempt %d, %s: %s", claim.target, claim.attempt, following, reply.text)

    def _try(self, call: Callable[[], object]) -> None:
        """Call the store; what it refuses now is noted once the lease is over."""
        try:
            call()
        except (StoreBusy, StoreFull, StoreBroken) as error:
            log.warning("what was told could not be noted, and may be told again: %s", error)

    def _find_picture(self, pictures: ExitStack, event_id: UUID) -> Path | None:
        try:
            path = pictures.enter_context(self._media.local(thumbnail_name(event_id)))
            return path if 0 < path.stat().st_size <= MAX_PICTURE_BYTES else None
        except OSError:
            return None


def open_way(target: Target, clock: Clock) -> Way:
    """The way to `target`. Raises UsageError for an address that apprise does not understand."""
    if target.is_webhook:
        return WebhookWay(target, clock)
    # Apprise is a tenth of the backend's start, and most backends tell nobody by it.
    from backend_api.alerts.apprise_way import AppriseWay

    return AppriseWay(target)


def _told_once(before: str, text: str) -> str:
    if text != before:
        log.warning("%s", text)
    return text
