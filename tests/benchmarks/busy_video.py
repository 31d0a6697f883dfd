"""A busy picture to measure on: people that move over a noisy background, as a camera's sensor gives it."""

import subprocess
from pathlib import Path

import av
import cv2
import numpy as np

from tests.requirements import need_program

# As cameras send it: either the quality is kept, or the rate.
RATES = {"constant quality": {"crf": "23"}, "3 Mbit/s": {"b": "3M", "maxrate": "3M", "bufsize": "6M"}}

# That of a sensor in a dark room; cameras take most of it away before they encode.
NOISE, QUIET_NOISE = 29, 3


def draw_busy_video(
    path: Path,
    duration_s: int,
    *,
    width: int = 1920,
    height: int = 1080,
    fps: int = 30,
    people: int = 4,
    rate: str = "constant quality",
    noise: int = NOISE,
) -> Path:
    """Write `duration_s` seconds of H.264 (libx264 veryfast) to `path`, at one of RATES.

    As cameras send it, there are no B frames, and two seconds between key frames. The noise is even, from 0 to `noise`
    levels of 0..255.
    """
    rng = np.random.default_rng(7)
    background = cv2.GaussianBlur(rng.integers(40, 200, (height, width, 3), np.uint8), (0, 0), 9)
    noises = [rng.integers(0, noise, (height, width, 3), np.uint8) for _ in range(8)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        groups = {"g": str(2 * fps), "keyint_min": str(2 * fps), "sc_threshold": "0", "bf": "0"}
        stream.options = {"preset": "veryfast", **groups, **RATES[rate]}
        for index in range(duration_s * fps):
            image = background.copy()
            for person in range(people):
                x = int((0.5 + 0.45 * np.sin(index / fps * (0.2 + 0.1 * person) + person)) * (width - 160))
                y = height // 3 + person * 60
                cv2.rectangle(image, (x, y), (x + 120, y + 420), (40 * person, 90, 200 - 40 * person), -1)
                cv2.circle(image, (x + 60, y - 50), 50, (120, 150, 210), -1)
            noisy = np.asarray(cv2.add(image, noises[index % len(noises)]), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def repeated(drawn: Path, times: int) -> Path:
    """The packets of a few drawn seconds so many times over, which takes a fraction of drawing them."""
    path = drawn.with_name(f"repeated_{drawn.name}")
    repeat = [need_program("ffmpeg"), "-v", "error", "-stream_loop", str(times - 1), "-i", str(drawn), "-c", "copy"]
    subprocess.run([*repeat, str(path)], check=True)
    return path
