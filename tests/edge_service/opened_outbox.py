"""What the tests of the outbox do to it again and again."""

import json
from pathlib import Path

from backend_api.contract.events import MAX_BATCH_BYTES
from edge_service.outbox.batch import Batch
from edge_service.outbox.outbox import Outbox
from tests.edge_service.crashing_disk import QuickDisk

NO_LIMIT = 10**9


def open_outbox(folder: Path, max_bytes: int = NO_LIMIT) -> Outbox:
    return Outbox.open(folder, "cam_01", QuickDisk(), max_bytes=max_bytes)


def numbers(batch: Batch | None) -> list[int]:
    return [json.loads(event.body)["attributes"]["number"] for event in batch.events] if batch else []


def read_all(outbox: Outbox) -> Batch | None:
    return outbox.read(1000, MAX_BATCH_BYTES)
