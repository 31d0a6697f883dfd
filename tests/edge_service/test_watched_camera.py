"""A camera whose file changes while it is watched: what is open ends, the new zones are watched, and a bad file harms
nothing."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.process import EXIT_DONE, UsageError
from backend_api.base.watchdog import Watchdog
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.looks import LookAnswer
from edge_service.camera_run import CameraPlan, Surroundings
from edge_service.config import Config
from edge_service.main import plan_cameras, watch_one, watched
from edge_service.pipeline.camera_reports import ReportedCamera
from edge_service.pipeline.looks import LookSlot
from edge_service.watched_camera import WatchedCamera
from edge_service.zones.follower import ZoneFollower
from tests.edge_service import tiny_videos
from tests.edge_service.local_server import serving
from tests.edge_service.test_several_cameras import NOW, Backend, around, configured, options

LOOKS = 40


class Follower:
    """Has news once, after so many looks; before that somebody asks for a look at what the camera sees."""

    def __init__(self, news: Config) -> None:
        self.news = news
        self.looks = 0
        self.problem: str | None = None
        self.slot = LookSlot()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    @property
    def has_news(self) -> bool:
        self.looks += 1
        if self.looks == LOOKS // 2:
            self.slot.want(1)
        return self.looks == LOOKS

    def take(self) -> Config | None:
        return self.news if self.looks == LOOKS else None

    def give_back(self, _in_use: Config, problem: str) -> None:
        self.problem = problem


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def surroundings(backend: Backend, tmp_path: Path) -> Iterator[Surroundings]:
    with serving(backend) as server:
        yield around(tmp_path, server.url, None)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("watched") / "gym.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(5), seconds=20, key_every=5)


def watch(
    tmp_path: Path, video: Path, surroundings: Surroundings, backend: Backend, *, fails: bool = False
) -> tuple[Follower, list[CameraSetup]]:
    config = configured(tmp_path, [str(video)])
    given = options(config)
    [plan] = plan_cameras(given, config, NOW)
    plan = replace(plan, start_time=None)
    news = replace(plan.config, machines=(replace(plan.config.machines[0], machine_id="other"),))
    follower = Follower(news)
    reported = ReportedCamera(plan.store_id, "1", NOW, "mock")

    def plan_with(found: Config) -> CameraPlan:
        gone = video.with_name("gone.mp4") if fails else video
        return replace(plan, config=found, video=gone)

    camera = WatchedCamera(
        plan, plan_with, cast("ZoneFollower[Config]", follower), surroundings, reported, Watchdog(SystemClock(), {}),
        follower.slot,
    )  # fmt: skip
    setups = [camera.setup()]
    assert watch_one(camera, surroundings, backend, threading.Event()) == EXIT_DONE
    return follower, [*setups, camera.setup()]


def test_what_is_open_ends_and_the_new_machines_are_watched(
    tmp_path: Path, video: Path, surroundings: Surroundings, backend: Backend
) -> None:
    follower, setups = watch(tmp_path, video, surroundings, backend)
    events = [json.loads(line) for line in backend.events.values()]
    before = [event for event in events if event["machine_id"] == "bench_1"]
    assert [event["event_type"] for event in before] == ["MACHINE_OCCUPIED_START", "MACHINE_OCCUPIED_END"]
    assert before[1]["attributes"]["end_reason"] == "reconfigured"
    assert before[1]["clip"]
    assert {event["machine_id"] for event in events} == {"bench_1", "other"}
    assert [setup.machines[0].machine_id for setup in setups] == ["bench_1", "other"]
    assert all(setup.takes_zones and setup.gives_looks for setup in setups)
    look = follower.slot.take()
    assert look is not None
    assert (look.number, look.machines[0].machine_id, (look.picture or b"")[:2]) == (1, "bench_1", b"\xff\xd8")
    follower.slot.want(2)
    assert follower.slot.take() == LookAnswer(number=2, problem="its video came to its end")
    assert follower.problem is None


def test_what_cannot_be_opened_is_said_and_the_camera_watched_as_before(
    tmp_path: Path, video: Path, surroundings: Surroundings, backend: Backend
) -> None:
    follower, setups = watch(tmp_path, video, surroundings, backend, fails=True)
    assert "gone.mp4" in str(follower.problem)
    assert "the zones from before are still watched" in str(follower.problem)
    assert {json.loads(line)["machine_id"] for line in backend.events.values()} == {"bench_1"}
    assert setups[0] == setups[1]


def test_a_run_of_a_fixed_time_does_not_follow_its_file(
    tmp_path: Path, video: Path, surroundings: Surroundings, backend: Backend
) -> None:
    config = configured(tmp_path, [str(video)])
    for flags, follows in ((["--start-time", "2026-01-31T09:00:00Z"], False), ([], False), (["--speed", "1"], True)):
        given = options(config, *flags)
        [plan] = plan_cameras(given, config, NOW)
        camera = watched(plan, given, config, surroundings, cast("object", backend), Watchdog(SystemClock(), {}))  # type: ignore[arg-type]
        assert (camera.setup().takes_zones, camera.setup().gives_looks) == (follows, follows)


def test_a_first_start_that_fails_is_no_change_and_ends_it(
    tmp_path: Path, surroundings: Surroundings, backend: Backend
) -> None:
    config = configured(tmp_path, ["gone.mp4"])
    [plan] = plan_cameras(options(config), config, NOW)
    reported = ReportedCamera(plan.store_id, "1", NOW, "mock")
    camera = WatchedCamera(plan, lambda _config: plan, None, surroundings, reported, Watchdog(SystemClock(), {}))
    with pytest.raises(UsageError, match=r"gone\.mp4"):
        watch_one(camera, surroundings, backend, threading.Event())
