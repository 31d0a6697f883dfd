"""What cutting a clip costs, beside encoding the same eight seconds again, and what masking it costs."""

import resource
from collections.abc import Callable
from pathlib import Path

from edge_service.clips.cut import cut
from edge_service.clips.encode import encode
from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.tracking.tracker import Track
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Image
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket
from tests.benchmarks.busy_video import draw_busy_video
from tests.edge_service.fake_frames import frame_showing

CLIP_S = 8.0
CUTS = 20


def test_cutting_costs_at_most_a_fiftieth_of_encoding(tmp_path: Path) -> None:
    packets = read_packets(draw_busy_video(tmp_path / "busy.mp4", 10))
    encoding_s = cpu_s(lambda: encode(packets, 0.0, CLIP_S, packets[0].format))
    cutting_s = cpu_s(lambda: [cut(packets, 0.0, CLIP_S, CLIP_S / 2) for _ in range(CUTS)]) / CUTS
    print(
        f"\nclip of {CLIP_S:.0f} s: cut {cutting_s * 1000:.1f} CPU-ms, encoded {encoding_s * 1000:.0f} CPU-ms,", end=" "
    )
    print(f"{encoding_s / cutting_s:.0f} times")
    assert cutting_s <= encoding_s / 50


def test_a_masked_clip_costs_at_most_five_cpu_seconds(tmp_path: Path) -> None:
    packets = read_packets(draw_busy_video(tmp_path / "busy.mp4", 10))
    masking = Masking(PrivacyConfig(mask="heads", areas=(((0, 0), (0.2, 0), (0.2, 0.2)),)), reach_s=60.0, fps=5.0)
    for number in range(60):
        boxes = [Box(0.1 * k + 0.002 * number, 0.3, 0.1 * k + 0.05 + 0.002 * number, 0.8) for k in range(8)]
        tracks = [Track(k, box, 0.9) for k, box in enumerate(boxes)]
        masking.look(frame_showing(_no_picture, number / 5, width=1920, height=1080), number / 5, tracks, [])
    masks = masking.masks(0.0, CLIP_S)
    masked_s = cpu_s(lambda: cut(packets, 0.0, CLIP_S, CLIP_S / 2, masks))
    print(f"\nclip of {CLIP_S:.0f} s of 1080p30, eight heads masked: {masked_s:.1f} CPU-s")
    assert masked_s <= 5.0


def _no_picture() -> Image:
    raise AssertionError("only its size is asked for")


def cpu_s(work: Callable[[], object]) -> float:
    """The CPU seconds, of all threads, that `work` takes."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read_packets(video: Path) -> tuple[EncodedPacket, ...]:
    """The packets of a clip's length as the edge holds them."""
    ring = PacketRing(reach_s=60.0)
    for _ in FileSource(video, fps=5.0, ring=ring):
        continue
    return ring.select(0.0, CLIP_S)
