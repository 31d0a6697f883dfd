"""A post office with made-up ways, and alerts to tell, for tests."""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.alerts.post_office import PostOffice
from backend_api.alerts.way import Message, Reply
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.contract.cameras import CameraReport
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.alerts import Thing
from backend_api.store.store import Store
from tests.fake_clock import FakeClock

YES, NO = Reply(True, "taken"), Reply(False, "no room")
REPORT = CameraReport(
    store_id="gym_demo",
    media_time_s=10.0,
    frames_captured=100,
    frames_processed=50,
    frames_skipped=50,
    outbox_depth=0,
    version="0.1.0",
    started_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
)
PHONE = Target("phone", "json://127.0.0.1:9", is_webhook=False)


@dataclass
class MadeUpWay:
    """Answers with `replies` in turn, the last one for ever; `told` are the messages that came."""

    replies: list[Reply] = field(default_factory=lambda: [YES])
    told: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> Reply:
        self.told.append(message)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Scene:
    """A store with alerts, and the post office of `targets`, each told by a way of its name."""

    def __init__(self, store: Store, media: MediaFolder, clock: FakeClock, *targets: Target, **config: Any) -> None:  # noqa: ANN401
        self.store, self.clock, self.media = store, clock, media
        self.ways = {target.name: MadeUpWay() for target in targets}
        self.config = AlertsConfig(targets=targets, **config)
        self.office = self.another_office()

    def another_office(self) -> PostOffice:
        return PostOffice(self.store, self.media, self.config, self.clock, random.Random(1), ways=self.ways)

    def begin(self, kind: AlertKind, subject: str = "cam_01", store_id: str = "gym_demo") -> None:
        self.store.alerts.change(
            {Thing(kind, store_id, subject): AlertFacts(camera_id=subject if store_id else None)}, []
        )

    def end(self, kind: AlertKind, subject: str = "cam_01", store_id: str = "gym_demo") -> None:
        self.store.alerts.change({}, [Thing(kind, store_id, subject)])

    def step(self, seconds: float = 0.0) -> None:
        """Let time go by, and let the post office do what is due then."""
        self.clock.advance(seconds)
        for claim in self.office.claims():
            self.office.deliver(claim)

    def steps(self, seconds: float, every: float = 5.0) -> None:
        for _ in range(round(seconds / every)):
            self.step(every)

    def titles(self, name: str = "phone") -> list[str]:
        return [message.title for message in self.ways[name].told]


def with_picture(media: MediaFolder, event_id: UUID, jpeg: bytes) -> Path:
    path = media.folder / f"{event_id}.jpg"
    path.write_bytes(jpeg)
    return path


def targets(*names: str) -> list[Target]:
    return [replace(PHONE, name=name) for name in names]
