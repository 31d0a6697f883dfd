"""How many heads a mask leaves visible on a real video, by how many frames a second detection looks at.

    python -m tests.benchmarks.unmasked VIDEO MODEL.onnx

The heads are those that the detector finds when it looks at every frame: the upper fifth of each box, its middle three
fifths; between two sightings of a track that are at most a second apart, on the line between them. A head of which
any pixel is not hidden counts as left visible. Somebody whom the detector never sees is in no row.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from edge_service.detection.detector import Box, Detection
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import open_onnx_detector
from edge_service.privacy.masking import Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.tracking.tracker import Tracker
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Frame
from edge_service.video.packet_ring import PacketRing

_GRID = 400
_MOST_APART_S = 1.0
Look = tuple[Frame, Sequence[Detection]]


def heads_of(looks: Sequence[Look], score: float) -> list[tuple[float, Box]]:
    """Every head of every frame, with its time."""
    tracker, tracks = Tracker(score), dict[int, list[tuple[float, Box]]]()
    for frame, detections in looks:
        for track in tracker.update(detections, frame.time_s):
            tracks.setdefault(track.track_id, []).append((frame.time_s, track.box))
    heads = []
    for sightings in tracks.values():
        for (a_s, a), (b_s, b) in zip(sightings, [*sightings[1:], sightings[-1]], strict=True):
            heads.append((a_s, _head(a)))
            if b_s - a_s <= _MOST_APART_S:
                between = [frame.time_s for frame, _ in looks if a_s < frame.time_s < b_s]
                heads += [(time_s, _head(_between(a, b, (time_s - a_s) / (b_s - a_s)))) for time_s in between]
    return heads


def _between(a: Box, b: Box, done: float) -> Box:
    start, end = (np.array([box.left, box.top, box.right, box.bottom]) for box in (a, b))
    return Box(*(start + done * (end - start)).tolist())


def _head(box: Box) -> Box:
    side, height = 0.2 * (box.right - box.left), box.bottom - box.top
    return Box(box.left + side, max(0.0, box.top), box.right - side, box.top + 0.2 * height)


def left_visible(looks: Sequence[Look], heads: Sequence[tuple[float, Box]], fps: float, missed: float) -> float:
    """The share of `heads` that are not hidden when `fps` of the `looks` are used and a share of them sees nobody."""
    rng, tracker, masking = Random(1), Tracker(), Masking(PrivacyConfig(mask="heads"), reach_s=1e6, fps=fps)
    due_s = 0.0
    for frame, detections in looks:
        if frame.time_s + 1e-3 >= due_s:
            due_s += 1 / fps
            kept = [found for found in detections if rng.random() >= missed]
            masking.look(frame, frame.time_s, tracker.update(kept, frame.time_s), kept)
    masks = masking.masks(0.0, 1e6)
    assert masks.seen is not None
    return sum(not _is_hidden(head, masks.seen.parts(time_s)) for time_s, head in heads) / len(heads)


def _is_hidden(head: Box, parts: Sequence[Box] | None) -> bool:
    if parts is None:
        return True
    hidden = np.zeros((_GRID, _GRID), bool)
    for part in parts:
        hidden[_cells(part)] = True
    return bool(hidden[_cells(head)].all())


def _cells(box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = (
        round(min(max(side, 0.0), 1.0) * _GRID) for side in (box.left, box.top, box.right, box.bottom)
    )
    return slice(top, bottom), slice(left, right)


def main(video: Path, model: Path) -> None:
    """Print a table."""
    config = DetectorConfig(model=model)
    detector = open_onnx_detector(model, config)
    looks = [(frame, detector.detect(frame)) for frame in FileSource(video, fps=60, ring=PacketRing(1.0))]
    heads = heads_of(looks, config.score)
    print(f"{len(looks)} frames, {len(heads)} heads")
    for fps in (1.0, 2.0, 5.0, 10.0):
        shares = [f"{100 * left_visible(looks, heads, fps, missed):.2f} %" for missed in (0.0, 0.2, 0.5)]
        print(f"{fps:g} looks a second: {', '.join(shares)} (none, 20 %, 50 % of detections missed besides)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
