"""What the worker adds to a model's time, and how many jobs a second it brings through at concurrency 1 and 8."""

import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np

from backend_api.base.clock import SystemClock
from backend_api.contract.events import ClipInfo, Event
from backend_api.contract.media import clip_name
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from mm_worker.jobs.admission import Admission
from mm_worker.jobs.worker_loop import JobOutcome, Pace, RetryPolicy, Worker
from mm_worker.vlm.budget import Budget, Caps
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.openai_vlm import OpenAiVlm
from mm_worker.vlm.prompt import DEFAULT_END_PROMPT, DEFAULT_PROMPT, Prompts, load_prompt
from mm_worker.worker import run_threads
from tests.backend_api.events import make_event
from tests.mm_worker.chat_dialects import MODEL, Played, answers, speaking
from tests.mm_worker.clips import draw_clip as draw_tiny_clip
from tests.mm_worker.clips import promise_of

JOBS = 12
QUICK_JOBS = 48
ROUNDS = 3
CLIP_FRAMES = 120
WIDTH, HEIGHT = 1280, 720
MODEL_S = 0.05
ZONE = [[0.05, 0.4], [0.25, 0.4], [0.25, 0.95], [0.05, 0.95]]


def draw_clip(path: Path) -> ClipInfo:
    """Four seconds of 720p30 with something that moves, as the edge cuts them."""
    noise = np.random.default_rng(7).integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    ground = np.asarray(cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(CLIP_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.roll(ground, 4 * number, axis=1), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return promise_of(path)


class Bench:
    """A database, a media folder and attempts in them, all with the clip that `draw` makes."""

    def __init__(self, folder: Path, draw: Callable[[Path], ClipInfo]) -> None:
        folder.mkdir()
        self.clock = SystemClock()
        self.store = Store.open(folder / "app.db", self.clock, create=True)
        self.media = MediaFolder(folder)
        self._drawn = folder / "drawn.mp4"
        self._clip = draw(self._drawn)
        self._added = 0

    def add(self, count: int) -> None:
        numbers = range(self._added, self._added + count)
        events: Sequence[Event] = [make_event(at_s=n, clip=self._clip, attributes={"zone": ZONE}) for n in numbers]
        for event in events:
            shutil.copyfile(self._drawn, self.media.folder / clip_name(event.event_id))
        self.store.events.add(events)
        self._added += count

    def elapsed_s(self, url: str, concurrency: int, count: int) -> float:
        """Seconds in which `count` new jobs are brought through."""
        self.add(count)
        rng, stop = random.SystemRandom(), threading.Event()
        budget = Budget(self.store, self.clock, Caps(), None)
        server = ChatServer(url, None, self.clock, connect_s=5, total_s=60, connections=concurrency)
        admission = Admission(self.clock, rng, budget)
        vlm = OpenAiVlm(server, MODEL, Prompts(load_prompt(DEFAULT_PROMPT), load_prompt(DEFAULT_END_PROMPT)), budget)
        pace, retry = Pace(poll_s=0.005), RetryPolicy()
        workers = [
            Worker(self.store, self.media, vlm, admission, clock=self.clock, stop=stop, pace=pace, retry=retry, rng=rng)
            for _ in range(concurrency)
        ]
        with closing(server):
            began_s = self.clock.monotonic_s()
            outcomes = run_threads(workers, stop, drain=True)
            elapsed_s = self.clock.monotonic_s() - began_s
        assert outcomes == Counter({JobOutcome.DONE: count})
        return elapsed_s


def test_what_the_worker_adds_to_the_models_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench", draw_clip)
    with closing(bench.store), speaking(answers()) as dialect:
        bench.elapsed_s(dialect.url, 1, 2)  # the first ones open connections and compile statements
        elapsed_s = {concurrency: bench.elapsed_s(dialect.url, concurrency, JOBS) for concurrency in (1, 8)}
    clip = "4 s of 720p30, 9 pictures, all durable"
    print(f"\noverhead of the worker without the model's time: {elapsed_s[1] / JOBS * 1000:.0f} ms a job ({clip})")
    for concurrency in elapsed_s:
        print(f"a server that answers at once, concurrency {concurrency}: {JOBS / elapsed_s[concurrency]:.1f} jobs/s")


def test_the_waits_for_a_model_overlap(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench", lambda path: draw_tiny_clip(path, range(0, 1000, 100)))
    nobody = threading.Event()
    slowly = Played(answers().body, after=lambda: bench.clock.wait(nobody, MODEL_S))
    with closing(bench.store), speaking(answers()) as at_once, speaking(slowly) as slow:
        bench.elapsed_s(at_once.url, 1, 2)
        best_s = {
            (name, concurrency): min(bench.elapsed_s(url, concurrency, QUICK_JOBS) for _ in range(ROUNDS))
            for name, url in (("at once", at_once.url), ("after 50 ms", slow.url))
            for concurrency in (1, 8)
        }
    print("\njobs with a clip of ten tiny frames, the best of three rounds:")
    for (name, concurrency), elapsed_s in best_s.items():
        print(f"a server that answers {name}, concurrency {concurrency}: {QUICK_JOBS / elapsed_s:.1f} jobs/s")
    at_1_s, at_8_s = best_s["after 50 ms", 1], best_s["after 50 ms", 8]
    print(f"8 at once beside 1, when the model takes {MODEL_S * 1000:.0f} ms: {at_1_s / at_8_s:.1f} times")
    # Waits that did not overlap would take this long, whatever the worker does besides.
    assert best_s["after 50 ms", 8] < QUICK_JOBS * MODEL_S
