"""What the whole edge costs, beside Frigate's decode pipe, the obvious loop, and re-encoding a clip."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from backend_api.contract.events import Event, EventPage
from tests.benchmarks.busy_video import NOISE, QUIET_NOISE, RATES, draw_busy_video, repeated
from tests.benchmarks.drawn_gym import LENGTH_S
from tests.benchmarks.measure import Cost, cost_of
from tests.benchmarks.weights import bench_model
from tests.processes import Running, free_port, script
from tests.requirements import need_program

DRAWN_S = 12
EDGE = tuple(script("edge_service/main.py"))
DRAWN_EDGE = (sys.executable, "-m", "tests.benchmarks.drawn_gym")
# Of the CPU of Frigate's pipe: without a network, and with YOLOX-nano.
MOST_OF_PIPE = {"closed": (0.2, 0.4), "normal": (0.4, 0.9), "busy": (0.7, 1.7), "steady": (0.7, 1.7)}
PEOPLE = {"closed": 0, "normal": 2, "busy": 6, "steady": 3}
START_TIME = datetime(2026, 1, 31, 9, tzinfo=UTC)
PEAK_BYTES = 300_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the edge cost, its events, and its clips as (begin, end) in seconds of the video."""

    cost: Cost
    spans: tuple[tuple[float, float], ...]
    events: tuple[Event, ...]


@pytest.fixture(scope="module")
def edge_run(minute_of_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_edge(minute_of_video, tmp_path_factory.mktemp("edge"))


@contextmanager
def real_backend(folder: Path) -> Iterator[str]:
    """A backend of its own on a free port, for the length of a `with`; gives its address."""
    port = free_port()
    flags = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--port", str(port)]
    with Running([*script("backend_api/main.py"), *flags]) as running:
        running.wait_for(f"127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"


def run_edge(video: Path, folder: Path, *extra: str, command: Sequence[str] = EDGE) -> Run:
    """Run the edge as fast as it goes, with a real backend to send to; the backend's own cost is not counted."""
    with real_backend(folder) as address:
        cost = cost_of(
            [
                *command,
                *("--video", str(video), "--camera-id", "cam_01", "--store-id", "bench", "--seed", "42"),
                *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox")),
                *("--backend-url", address, "--speed", "max", "--start-time", START_TIME.isoformat(), *extra),
            ]
        )
        page = EventPage.model_validate_json(requests.get(f"{address}/events?limit=500", timeout=10).content)
    spans = tuple(
        ((event.clip.start_ts - START_TIME).total_seconds(), (event.clip.end_ts - START_TIME).total_seconds())
        for event in page.items
        if event.clip
    )
    return Run(cost, spans, tuple(page.items))


def frigate_pipe(video: Path) -> list[str]:
    """Frigate's decode pipe: five frames a second at 1280x720 as raw pictures."""
    return [
        *(need_program("ffmpeg"), "-v", "error", "-threads", "2", "-i", str(video), "-r", "5"),
        *("-vf", "fps=5,scale=1280:720", "-threads", "2", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"),
    ]


def obvious_loop(video: Path, out_dir: Path, run: Run) -> list[str]:
    """The loop that reads every frame with OpenCV and writes the same clips with its mp4v."""
    spans = [f"{begin_s:.3f}-{end_s:.3f}" for begin_s, end_s in run.spans]
    return [sys.executable, str(Path(__file__).parent / "peers" / "obvious_loop.py"), str(video), str(out_dir), *spans]


def test_edge_costs_no_more_than_frigates_decode_pipe(minute_of_video: Path, edge_run: Run) -> None:
    peer = cost_of(frigate_pipe(minute_of_video))
    ratio = edge_run.cost.cpu_s / peer.cpu_s
    print(
        f"\nedge {edge_run.cost.cpu_s:.2f} CPU-s with {len(edge_run.spans)} clips, pipe {peer.cpu_s:.2f}: {ratio:.2f}"
    )
    assert edge_run.spans
    assert ratio <= 1.0


def test_edge_costs_at_most_six_tenths_of_the_obvious_loop(
    minute_of_video: Path, edge_run: Run, tmp_path: Path
) -> None:
    peer = cost_of(obvious_loop(minute_of_video, tmp_path, edge_run))
    ratio = edge_run.cost.cpu_s / peer.cpu_s
    print(f"\nedge {edge_run.cost.cpu_s:.2f} CPU-s, obvious loop {peer.cpu_s:.2f}: {ratio:.2f}")
    assert ratio <= 0.6


def test_memory_is_bounded_and_does_not_grow_with_the_video(
    minute_of_video: Path, edge_run: Run, tmp_path: Path
) -> None:
    thrice = run_edge(minute_of_video, tmp_path, "--loop", "3")
    growth_bytes = thrice.cost.peak_bytes - edge_run.cost.peak_bytes
    print(f"\npeak {edge_run.cost.peak_bytes / 1e6:.0f} MB, of three times the length {growth_bytes / 1e6:+.0f} MB")
    assert edge_run.cost.peak_bytes <= PEAK_BYTES
    assert thrice.cost.peak_bytes <= PEAK_BYTES
    assert growth_bytes <= 0.1 * edge_run.cost.peak_bytes


@dataclass(frozen=True, slots=True)
class Gym:
    """One of the drawn gyms, and what Frigate's pipe costs on its video."""

    scene: str
    rate: str
    video: Path
    pipe_s: float

    def run(self, folder: Path, monkeypatch: pytest.MonkeyPatch, model: Path | None, decode: str = "auto") -> Run:
        """Run the edge on it, with a network or without, decoding all or not."""
        folder.mkdir(exist_ok=True)
        monkeypatch.setenv("GYM_BENCH_SCENE", self.scene)
        if model is None:
            monkeypatch.delenv("GYM_BENCH_MODEL", raising=False)
        else:
            monkeypatch.setenv("GYM_BENCH_MODEL", str(model))
        run = run_edge(self.video, folder, "--decode", decode, command=DRAWN_EDGE)
        name = f"{self.scene} gym, {self.rate}, {'YOLOX' if model else 'no network'}, --decode {decode}"
        print(f"\n{name}: edge {run.cost.cpu_s:.2f} CPU-s of {self.pipe_s:.2f}: {run.cost.cpu_s / self.pipe_s:.2f}")
        return run


@pytest.fixture(scope="module", params=[(scene, rate) for scene in MOST_OF_PIPE for rate in RATES], ids=" ".join)
def gym(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gym:
    scene, rate = request.param
    return draw_gym(tmp_path_factory.mktemp("gym"), scene, rate)


def draw_gym(folder: Path, scene: str, rate: str, noise: int = NOISE) -> Gym:
    """A gym in pictures of that noise, and what the pipe costs on it."""
    draw_busy_video(folder / "gym.mp4", DRAWN_S, people=PEOPLE[scene], rate=rate, noise=noise)
    video = repeated(folder / "gym.mp4", LENGTH_S // DRAWN_S)
    return Gym(scene, rate, video, cost_of(frigate_pipe(video)).cpu_s)


def bodies(run: Run) -> list[dict[str, object]]:
    """The events but for the numbers of tracks, which count all who were seen, and when they were received."""
    return [event.model_dump(exclude={"track_id", "received_at", "mm"}) for event in run.events]


def test_a_gym_costs_its_share_of_frigates_pipe_and_tells_what_full_decoding_does(
    gym: Gym, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = gym.run(tmp_path / "auto", monkeypatch, None)
    whole = gym.run(tmp_path / "all", monkeypatch, None, "all")
    assert bodies(run) == bodies(whole)
    assert bool(run.events) == (gym.scene != "closed")
    assert run.cost.cpu_s <= MOST_OF_PIPE[gym.scene][0] * gym.pipe_s


def test_a_gym_seen_by_a_network_costs_its_share_of_frigates_pipe(
    gym: Gym, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = gym.run(tmp_path, monkeypatch, bench_model())
    assert run.cost.cpu_s <= MOST_OF_PIPE[gym.scene][1] * gym.pipe_s


@pytest.mark.parametrize("rate", RATES)
def test_a_busy_gym_in_quiet_pictures_costs_no_more_than_frigates_pipe(
    rate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of the others' noise, as a camera's own denoising leaves it."""
    gym = draw_gym(tmp_path, "busy", rate, QUIET_NOISE)
    run = gym.run(tmp_path / "edge", monkeypatch, None)
    assert run.events
    assert run.cost.cpu_s <= gym.pipe_s
