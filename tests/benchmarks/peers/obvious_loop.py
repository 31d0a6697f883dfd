"""The peer: what one writes first. Every frame is read with OpenCV, the clips are written with its own mp4v.

    python tests/benchmarks/peers/obvious_loop.py VIDEO OUT_DIR BEGIN_S-END_S ...

Each BEGIN_S-END_S is a clip to write, in seconds; the frames that fall into it are encoded as they come.
"""

import sys
from pathlib import Path

import cv2


def main() -> None:
    """Read the whole video, handing five frames a second on as a detector would want them, and write the clips."""
    video, out_dir, *spans = sys.argv[1:]
    clips = [tuple(float(second) for second in span.split("-")) for span in spans]
    capture = cv2.VideoCapture(video)
    rate = capture.get(cv2.CAP_PROP_FPS)
    size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    writers: dict[int, cv2.VideoWriter] = {}
    index = 0
    while True:
        got, image = capture.read()
        if not got:
            break
        second = index / rate
        if index % round(rate / 5) == 0:
            cv2.resize(image, (1280, 720))
        for number, (begin_s, end_s) in enumerate(clips):
            if begin_s <= second < end_s:
                if number not in writers:
                    path = str(Path(out_dir) / f"clip_{number}.mp4")
                    writers[number] = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
                writers[number].write(image)
        index += 1
    for writer in writers.values():
        writer.release()


if __name__ == "__main__":
    main()
