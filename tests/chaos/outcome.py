"""What a run leaves behind, in a form that two runs can be compared by."""

import hashlib
from dataclasses import dataclass

import requests

from backend_api.contract.events import EventPage, StoredEvent
from backend_api.contract.verdicts import MmStatus


@dataclass(frozen=True, slots=True)
class Fact:
    """One event as somebody who asks the API gets it.

    Its whole body, its verdict and the frames that the model was shown for it, and its clip's real hash.
    """

    event_id: str
    body: str
    verdict: str | None
    frame_urls: tuple[str, ...]
    clip_sha256: str | None


def facts(address: str, store_id: str = "gym_demo") -> list[Fact]:
    """Everything that the backend at `address` has of one gym, oldest first."""
    found: list[Fact] = []
    cursor = ""
    while True:
        answer = requests.get(f"{address}/events?store_id={store_id}&order=asc&limit=500{cursor}", timeout=30)
        answer.raise_for_status()
        page = EventPage.model_validate_json(answer.content)
        found += [_fact(address, event) for event in page.items]
        if page.next_cursor is None:
            return found
        cursor = f"&cursor={page.next_cursor}"


def unfinished(address: str) -> int:
    """How many events still wait for their verdict."""
    waiting = 0
    for status in (MmStatus.PENDING, MmStatus.PROCESSING):
        answer = requests.get(f"{address}/events?mm_status={status}&limit=500", timeout=30)
        answer.raise_for_status()
        waiting += len(answer.json()["items"])
    return waiting


def _fact(address: str, event: StoredEvent) -> Fact:
    clip_sha256 = None
    if event.media_url is not None:
        clip = requests.get(f"{address}{event.media_url}", timeout=30)
        clip.raise_for_status()
        clip_sha256 = hashlib.sha256(clip.content).hexdigest()
    mm = event.mm
    verdict = (
        f"{mm.status} {mm.result.verdict} {mm.result.confidence} {mm.result.summary}" if mm and mm.result else None
    )
    body = event.model_dump_json(exclude={"received_at", "media_url", "thumbnail_url", "frame_urls", "mm"})
    verdict = verdict if event.mm is None or verdict else str(event.mm)
    return Fact(str(event.event_id), body, verdict, event.frame_urls, clip_sha256)
