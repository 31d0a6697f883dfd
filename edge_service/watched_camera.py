"""A camera that is watched with the zones that its file holds, whichever these are by now."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from threading import Event

from backend_api.base.process import UsageError
from backend_api.base.watchdog import Watchdog
from backend_api.contract.cameras import CameraSetup
from edge_service.camera_run import CameraPlan, CameraRun, Surroundings, open_camera
from edge_service.clips.timing import attempt_delay_s
from edge_service.config import Config
from edge_service.pipeline.camera_reports import ReportedCamera, describe_setup
from edge_service.pipeline.looks import LookSlot
from edge_service.zones.follower import ZoneFollower


class WatchedCamera:
    """The camera of `plan`; `plan_with` makes another plan of another configuration.

    Without a `follower` the file is read once: what a run of a fixed time finds must not depend on when it is played.
    """

    def __init__(
        self,
        plan: CameraPlan,
        plan_with: Callable[[Config], CameraPlan],
        follower: ZoneFollower[Config] | None,
        around: Surroundings,
        reported: ReportedCamera,
        watchdog: Watchdog,
        looks: LookSlot | None = None,
    ) -> None:
        self._plan = plan
        self._plan_with = plan_with
        self._follower = follower
        self._around = around
        self._watchdog = watchdog
        self._looks = looks
        self.reported = reported
        self._setup = self._describe()
        if follower is not None:
            reported.complaint = lambda: follower.problem

    @property
    def plan(self) -> CameraPlan:
        """How it is watched now."""
        return self._plan

    def setup(self) -> CameraSetup:
        """What the backend is told of it; the same object until that changes."""
        return self._setup

    def watch(self, stop: Event, end: Callable[[CameraRun], int], opened: Callable[[], None] = lambda: None) -> int:
        """Watch until the video ends or `stop` is set, then do `end`. Returns its exit code; raises what it fails of.

        When the file changes meanwhile, the camera is opened anew. A configuration that cannot be
        opened is said, and the camera watched as before. `opened` is called each time that it is open.
        """
        with self._follower or nullcontext():
            before: CameraPlan | None = None
            while True:
                with ExitStack() as stack:
                    try:
                        camera = stack.enter_context(self._open())
                    except UsageError as error:
                        if before is None:
                            raise
                        self._go_back(before, error)
                        before = None
                        continue
                    opened()
                    with self._watchdog.watching(self._plan.camera_id):
                        camera.watch(stop, self._has_news)
                    config = None if self._follower is None or stop.is_set() else self._follower.take()
                    if config is None:
                        return end(camera)
                before = self._plan
                self._change(config)

    def _has_news(self) -> bool:
        """Asked after each frame, and now and then while none comes: the loop works."""
        self._watchdog.feed(self._plan.camera_id)
        return self._follower is not None and self._follower.has_news

    @contextmanager
    def _open(self) -> Iterator[CameraRun]:
        with open_camera(self._plan, self._around, self._looks) as camera:
            self.reported.begins(camera)
            try:
                yield camera
            finally:
                self.reported.ends()

    def _change(self, config: Config) -> None:
        """Go over to `config`; or stay with the plan that there is, if none can be made of it."""
        try:
            self._plan = self._plan_with(config)
        except UsageError as error:
            self._go_back(self._plan, error)
        self._setup = self._describe()

    def _go_back(self, before: CameraPlan, error: UsageError) -> None:
        self._plan = before
        self._setup = self._describe()
        if self._follower is not None:
            self._follower.give_back(before.config, f"{error}; the zones from before are still watched")

    def _describe(self) -> CameraSetup:
        plan, config = self._plan, self._plan.config
        rules = [machine.rules for machine in config.machines]
        return describe_setup(
            plan.store_id,
            config.machines,
            plan.shared_config,
            attempt_delay_s(rules, config.clip, fps=config.detector.fps, privacy=config.privacy),
            areas=config.privacy.areas,
            takes_zones=self._follower is not None,
            gives_looks=self._follower is not None and self._looks is not None,
            keeps_pictures=config.privacy.pictures != "none",
        )
