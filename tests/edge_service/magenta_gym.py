"""A drawn gym in which what must not be seen is magenta, a head in motion or all of an area, and an edge for it.

As a script it is an edge whose detector knows where the person is, and misses them in a fifth of the frames:

    python -m tests.edge_service.magenta_gym --video ... --media-dir ... (as edge_service/main.py)
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

import edge_service.camera_run
import edge_service.main
from backend_api.base.process import run_process
from edge_service.detection.detector import Box, Detection
from edge_service.simulation.scenario import uniform
from edge_service.video.frame import Frame, Image

WIDTH, HEIGHT, FPS, LENGTH_S = 480, 270, 20, 32.0
MISS_RATE = 0.2
MAGENTA = (255, 0, 255)
GREY = (150, 150, 150)
ZONE = ((0.38, 0.5), (0.62, 0.5), (0.62, 0.98), (0.38, 0.98))
AREA = ((0.02, 0.05), (0.2, 0.05), (0.2, 0.35), (0.02, 0.35))
# Behind it nobody can be seen, and behind the counter no legs.
PILLAR = (0.76, 0.84)
COUNTER = (0.05, 0.3, 0.72)
_HEIGHT, _WIDTH, _FOOT = 0.5, 0.1, 0.92

# Where the feet are at a time; between two, people walk at an even speed.
_WAY = (
    *((2.0, -0.08), (4.0, 0.5), (12.0, 0.5), (12.25, 0.56), (12.5, 0.5), (14.0, 0.5), (16.5, 0.95)),
    *((19.5, 0.95), (21.5, 0.5), (26.0, 0.5), (28.0, -0.08)),
)


def config(fps: float, privacy: str) -> str:
    return (
        f"machines: [{{machine_id: bench_01, name: Bench 1, zone: {[list(point) for point in ZONE]}}}]\n"
        f"rules: {{enter_s: 3, exit_s: 2, attempt_s: 1, window_s: 15}}\n"
        f"detector: {{fps: {fps:g}}}\nclip: {{pre_s: 2, post_s: 3}}\nprivacy: {privacy}\n"
    )


def _person(time_s: float) -> tuple[float, float, float] | None:
    """Feet's x, height, and how far the head is from above the feet, all in 0..1 of the picture."""
    if not _WAY[0][0] <= time_s < _WAY[-1][0]:
        return None
    x = float(np.interp(time_s, [at for at, _ in _WAY], [place for _, place in _WAY]))
    crouch = 0.4 * math.sin(math.pi * (time_s - 8) / 2) if 8 <= time_s < 10 else 0.0
    sway = 0.015 * math.sin(2 * math.pi * time_s)
    return x, _HEIGHT * (1 - crouch), sway


def _visible(time_s: float) -> Box | None:
    person = _person(time_s)
    if person is None:
        return None
    x, height, sway = person
    left, right = x - _WIDTH / 2 + min(0.0, sway), x + _WIDTH / 2 + max(0.0, sway)
    bottom = COUNTER[2] if COUNTER[0] <= x <= COUNTER[1] else _FOOT
    if PILLAR[0] <= x <= PILLAR[1]:
        return None
    left, right = (PILLAR[1] if left < PILLAR[1] < x else left), (PILLAR[0] if x < PILLAR[0] < right else right)
    left, right = max(0.0, left), min(1.0, right)
    return Box(left, _FOOT - height, right, bottom) if right - left > 0.01 else None


def draw(time_s: float, *, head: bool, area: bool) -> Image:
    """The picture at `time_s`; `head` and `area` are magenta where they say so."""
    image = np.full((HEIGHT, WIDTH, 3), (190, 195, 200), np.uint8)
    image[HEIGHT // 3 :] = (110, 115, 120)
    if area:
        left, top, right, bottom = (round(v) for v in np.ravel(np.array([AREA[0], AREA[2]]) * (WIDTH, HEIGHT)))
        image[top + 1 : bottom - 1, left + 1 : right - 1] = MAGENTA
    if person := _person(time_s):
        x, height, sway = person
        body = [((x - 0.03) * WIDTH, (_FOOT - 0.85 * height) * HEIGHT), ((x + 0.03) * WIDTH, _FOOT * HEIGHT)]
        (left, top), (right, bottom) = [(round(x), round(y)) for x, y in body]
        cv2.rectangle(image, (left, top), (right, bottom), (90, 80, 70), -1)
        centre = round((x + sway) * WIDTH), round((_FOOT - 0.92 * height) * HEIGHT)
        cv2.circle(image, centre, round(0.075 * height * HEIGHT), MAGENTA if head else GREY, -1)
    image[:, round(PILLAR[0] * WIDTH) : round(PILLAR[1] * WIDTH)] = (140, 140, 150)
    image[round(COUNTER[2] * HEIGHT) :, round(COUNTER[0] * WIDTH) : round(COUNTER[1] * WIDTH)] = (100, 110, 130)
    return image


def draw_gym(path: Path, *, head: bool = True, area: bool = False) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"preset": "veryfast", "crf": "16"})
        assert isinstance(stream, VideoStream)
        stream.codec_context.width, stream.codec_context.height = WIDTH, HEIGHT
        stream.codec_context.pix_fmt, stream.codec_context.gop_size = "yuv420p", FPS
        for number in range(round(LENGTH_S * FPS)):
            frame = VideoFrame.from_ndarray(draw(number / FPS, head=head, area=area), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class MissingEye:
    """A detector that sees the person's visible part, a little shaken, in four frames of five."""

    def detect(self, frame: Frame) -> Sequence[Detection]:
        moment = round(frame.source_time_s * 1000)
        box = _visible(frame.source_time_s)
        if box is None or uniform(0, 1, moment, "missed") < MISS_RATE:
            return []
        x, y = 0.03 * (box.right - box.left), 0.015 * (box.bottom - box.top)
        shaken = Box(
            box.left + uniform(-x, x, moment, "left"),
            box.top + uniform(-y, y, moment, "top"),
            box.right + uniform(-x, x, moment, "right"),
            box.bottom + uniform(-y, y, moment, "bottom"),
        )
        return [Detection(shaken, 0.9)]


def magenta_pixels(image: Image) -> int:
    """How many pixels of `image` (BGR) are more magenta than anything else in this gym, or in what is drawn into it."""
    blue, green, red = cv2.split(image)
    return int(np.count_nonzero(cv2.subtract(cv2.min(blue, red), green) > 80))


def pictures_in(data: bytes) -> Iterator[Image]:
    """Every picture of a JPEG or video, also of one that is cut off, as far as it can be decoded."""
    if data.startswith(b"\xff\xd8"):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            yield np.asarray(image, np.uint8)
    elif data[4:8] == b"ftyp":
        try:
            with av.open(io.BytesIO(data), "r") as container:
                for frame in container.decode(video=0):
                    yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        except av.error.FFmpegError:
            return


def packets_of(path: Path) -> set[bytes]:
    """A piece of each of the video's larger packets by which it is recognised where it is copied."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0)]
    # From the end: what they begin with is the encoder's, and the same in other videos.
    return {packet[-48:-8] for packet in packets if len(packet) >= 200}


Find = Callable[[bytes], str | None]


def finder(video: Path) -> Find:
    """Says of a file's bytes what is in them that must not be, in words; None when nothing is."""
    pieces = packets_of(video)

    def find(data: bytes) -> str | None:
        copied = sum(piece in data for piece in pieces)
        counts = [magenta_pixels(image) for image in pictures_in(data)]
        if not copied and not any(counts):
            return None
        shown = [f"picture {number} with {count} pixels" for number, count in enumerate(counts) if count]
        return f"{copied} packets of the camera's, {len(shown)} of {len(counts)} pictures: {', '.join(shown[:5])}"

    return find


if __name__ == "__main__":
    edge_service.camera_run.open_detector = lambda *_: MissingEye()
    run_process(edge_service.main.main)
