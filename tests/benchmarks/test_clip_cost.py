"""What cutting a clip costs, beside encoding the same eight seconds again, and what masking it costs."""

import functools
import resource
from collections.abc import Callable
from pathlib import Path

from edge_service.clips.cut import cut
from edge_service.clips.encode import encode
from edge_service.detection.detector import Box
from edge_service.privacy.masking import Masking, Masks
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.tracking.tracker import Track
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Image
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket
from tests.benchmarks.busy_video import draw_busy_video
from tests.edge_service.fake_frames import frame_showing

CLIP_S = 8.0
# That of the end of a use: from clip.end_pre_s before it to clip.post_s after it.
END_CLIP_S = 20.0
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
    video = draw_busy_video(tmp_path / "busy.mp4", 10)
    for length_s, most_s in ((CLIP_S, 5.0), (END_CLIP_S, 5.0 * END_CLIP_S / CLIP_S)):
        packets = read_packets(video, length_s)
        masks = masks_of_eight(length_s)
        masked_s = cpu_s(functools.partial(cut, packets, 0.0, length_s, length_s / 2, masks))
        size_mb = sum(len(packet.data) for packet in packets) / 1e6
        print(f"\nclip of {length_s:.0f} s of 1080p30, eight heads masked: {masked_s:.1f} CPU-s, of {size_mb:.1f} MB")
        assert masked_s <= most_s


def masks_of_eight(length_s: float) -> Masks:
    """Eight people who walk from side to side, looked at five times a second."""
    masking = Masking(PrivacyConfig(mask="heads", areas=(((0, 0), (0.2, 0), (0.2, 0.2)),)), reach_s=60.0, fps=5.0)
    for number in range(round(5 * (length_s + 4))):
        boxes = [Box(0.1 * k + 0.002 * number, 0.3, 0.1 * k + 0.05 + 0.002 * number, 0.8) for k in range(8)]
        tracks = [Track(k, box, 0.9) for k, box in enumerate(boxes)]
        masking.look(frame_showing(_no_picture, number / 5, width=1920, height=1080), number / 5, tracks, [])
    return masking.masks(0.0, length_s)


def _no_picture() -> Image:
    raise AssertionError("only its size is asked for")


def cpu_s(work: Callable[[], object]) -> float:
    """The CPU seconds, of all threads, that `work` takes."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read_packets(video: Path, length_s: float = CLIP_S) -> tuple[EncodedPacket, ...]:
    """The packets of a clip's length as the edge holds them."""
    ring = PacketRing(reach_s=60.0)
    for frame in FileSource(video, fps=5.0, ring=ring, loop=0):
        if frame.time_s > length_s + 1:
            break
    return ring.select(0.0, length_s)
