"""How soon a range of a clip begins to arrive, beside the same file from a static file server."""

import hashlib
import http.client
from contextlib import closing
from pathlib import Path
from statistics import median

from backend_api.base.clock import SystemClock
from backend_api.contract.events import ClipInfo
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event
from tests.benchmarks.test_ingest import backend_command, peer_command, served
from tests.processes import free_port

CLIP = bytes(range(256)) * 4096 * 8
REQUESTS = 200


def first_byte_ms(connection: http.client.HTTPConnection, path: str) -> float:
    """From the request to the first byte of a range from the middle of the file."""
    clock = SystemClock()
    begin_s = clock.monotonic_s()
    connection.request("GET", path, headers={"Range": f"bytes={len(CLIP) // 2}-{len(CLIP) // 2 + 65_535}"})
    response = connection.getresponse()
    assert len(response.read(1)) == 1
    taken_ms = (clock.monotonic_s() - begin_s) * 1000
    assert response.status == 206
    assert len(response.read()) == 65_535
    return taken_ms


def test_first_byte_of_a_range(tmp_path: Path) -> None:
    info = ClipInfo(
        start_ts=START,
        end_ts=START,
        codec="h264",
        width=64,
        height=48,
        bytes=len(CLIP),
        sha256=hashlib.sha256(CLIP).hexdigest(),
    )
    event = make_event(clip=info)
    media = MediaFolder.open(tmp_path / "media")
    path = media.clip_path(event.event_id)
    path.write_bytes(CLIP)
    with closing(Store.open(tmp_path / "app.db", SystemClock(), create=True)) as store:
        store.events.add([event])
    ours_port, peer_port = free_port(), free_port()
    peer = peer_command("static_files.py", str(peer_port), str(media.folder))
    with (
        served(backend_command(tmp_path, ours_port), ours_port),
        served(peer, peer_port),
        closing(http.client.HTTPConnection("127.0.0.1", ours_port)) as ours,
        closing(http.client.HTTPConnection("127.0.0.1", peer_port)) as theirs,
    ):
        # In turn, because a computer's speed drifts.
        taken = [
            (first_byte_ms(ours, f"/media/{event.event_id}"), first_byte_ms(theirs, f"/{path.name}"))
            for _ in range(REQUESTS)
        ]
    ours_ms, theirs_ms = (median(column) for column in zip(*taken, strict=True))
    print(f"\nfirst byte: {ours_ms:.2f} ms, static file server {theirs_ms:.2f} ms ({ours_ms / theirs_ms:.2f} times)")
    assert ours_ms <= 3 * theirs_ms
