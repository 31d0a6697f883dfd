"""The messages of the heartbeat: how the edge is doing, what it watches, and what that looks like."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import yaml

from backend_api.base.yaml_file import read_yaml
from backend_api.contract.cameras import (
    MAX_ATTEMPT_DELAY_S,
    MAX_CONFIG_CHARACTERS,
    SETUP_INTERVAL_S,
    CameraReport,
    CameraReports,
    CameraSetup,
    DecoderReport,
    MachineSetup,
    NamedReport,
    NetworkReport,
)
from edge_service.clips.pictures import StillSlot
from edge_service.delivery.heartbeat import Message
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import Hardware
from edge_service.pipeline.progress import RunCounts
from edge_service.rules.machine import Machine
from edge_service.rules.polygon import Polygon
from edge_service.video.hardware import HardwareDecoding

COMMON_SECTIONS = ("rules", "detector", "clip", "privacy")
"""What cameras of one configuration may have in common."""
_SENT_OF_A_CAMERA = {"camera_id", "machines", *COMMON_SECTIONS}
_ERROR_CHARACTERS = 500
_REASON_CHARACTERS = 300
_NAME_CHARACTERS = 100


class Running(Protocol):
    """A camera that is watched, as reports see it."""

    @property
    def still(self) -> StillSlot:
        """Where its stills come from."""
        ...

    @property
    def started_at(self) -> datetime:
        """Since when its frames are counted."""
        ...

    @property
    def delivery_error(self) -> str | None:
        """Why nothing can be delivered at present."""
        ...

    @property
    def detector(self) -> str:
        """The kind of its detector."""
        ...

    @property
    def network(self) -> Hardware | None:
        """What the detector's network runs on, and how fast; None without one."""
        ...

    @property
    def decoding(self) -> HardwareDecoding | None:
        """What decodes, and why not what was wanted."""
        ...

    def counts(self) -> RunCounts:
        """The counts so far."""
        ...


class ReportedCamera:
    """A camera as the heartbeat tells of it, also while it does not run; `begins` and the others are called in its own
    thread, `report` and `still` in that of the heartbeat."""

    def __init__(self, store_id: str, version: str, now: datetime, detector: str) -> None:
        """`detector` is the kind of its detector until it first runs."""
        self._store_id = store_id
        self._version = version
        self._detector = detector
        self._running: Running | None = None
        self.complaint: Callable[[], str | None] = lambda: None
        """What else is wrong, in a line."""
        self._started_at = now
        self._last = RunCounts(0.0, 0, 0, 0, 0, 0, problem="is being started")

    def begins(self, camera: Running) -> None:
        """It runs."""
        self._running, self._detector = camera, camera.detector

    def ends(self) -> None:
        """It runs no more, and all is told."""
        running, self._running = self._running, None
        if running is not None:
            self._started_at, self._last = running.started_at, running.counts()

    def fails(self, reason: str) -> None:
        """It does not run, for the `reason`, in one line."""
        self.ends()
        self._last = replace(self._last, problem=reason, has_ended=False)

    def report(self) -> CameraReport:
        """The report of this moment."""
        running = self._running
        return make_reporter(
            self._store_id,
            self._started_at if running is None else running.started_at,
            self._version,
            (lambda: self._last) if running is None else running.counts,
            lambda: self.complaint() or (None if running is None else running.delivery_error),
            detector=self._detector,
            network=None if running is None else running.network,
            decoding=None if running is None else running.decoding,
        )()

    def still(self) -> bytes | None:
        """A picture as JPEG; None while there is none."""
        running = self._running
        return None if running is None else running.still.take()


def messages_of(
    store_id: str,
    camera_id: str,
    report: Callable[[], CameraReport],
    setup: Callable[[], CameraSetup],
    still: Callable[[], bytes | None],
) -> list[Message]:
    """All that an edge tells of its camera; `report` and `setup` give those of their moment.

    The setup is sent when it changes, and repeated, so that a backend with a new or restored database comes to know
    it, too.
    """
    path, json = f"/cameras/{camera_id}", "application/json"
    return [
        Message("reports", path, json, lambda: report().model_dump_json().encode(), 0),
        Message(
            "setup",
            f"{path}/setup",
            json,
            lambda: setup().model_dump_json().encode(),
            SETUP_INTERVAL_S,
            version=setup,
        ),
        Message("still", f"{path}/still?store_id={store_id}", "image/jpeg", still, SETUP_INTERVAL_S),
    ]


def reports_of_all(cameras: Sequence[tuple[str, Callable[[], CameraReport]]], instead: Sequence[Message]) -> Message:
    """What an edge tells of all its `cameras`, by their names, at once; `instead` are the same reports one by one."""

    def body() -> bytes:
        reports = tuple(NamedReport(camera_id=camera_id, report=report()) for camera_id, report in cameras)
        return CameraReports(reports=reports).model_dump_json().encode()

    return Message("reports", "/cameras", "application/json", body, 0, instead=instead)


def make_reporter(
    store_id: str,
    started_at: datetime,
    version: str,
    counts: Callable[[], RunCounts],
    last_error: Callable[[], str | None],
    *,
    detector: str | None = None,
    network: Hardware | None = None,
    decoding: HardwareDecoding | None = None,
) -> Callable[[], CameraReport]:
    """A function that gives the report of this moment; `started_at` is aware, `detector` the kind of the detector.

    `network` is what its network runs on at present, `decoding` what decodes.
    """

    def report() -> CameraReport:
        now = counts()
        error = now.problem or now.fault or now.warning or last_error()
        return CameraReport(
            store_id=store_id,
            media_time_s=max(0.0, now.media_time_s),
            frames_captured=now.captured,
            frames_processed=now.processed,
            frames_skipped=now.skipped,
            outbox_depth=max(0, now.outbox_depth),
            last_error=None if error is None else error[:_ERROR_CHARACTERS],
            version=version,
            started_at=started_at,
            detector=detector,
            network=None if network is None else describe_network(network),
            decoder=None if decoding is None else describe_decoding(decoding),
            is_blind=now.fault is not None,
            has_signal=now.problem is None,
            has_ended=now.has_ended,
        )

    return report


def describe_network(hardware: Hardware) -> NetworkReport:
    """What a network runs on, as it is told."""
    return NetworkReport(
        runs_on=hardware.runs_on,
        why_not=hardware.why_not and hardware.why_not[:_REASON_CHARACTERS],
        width=hardware.width,
        height=hardware.height,
        frame_ms=None if hardware.frame_ms is None else round(hardware.frame_ms, 1),
    )


def describe_decoding(decoding: HardwareDecoding) -> DecoderReport:
    """What decodes, as it is told."""
    why_not = decoding.why_not
    return DecoderReport(runs_on=decoding.runs_on, why_not=why_not and why_not[:_REASON_CHARACTERS])


def describe_setup(
    store_id: str,
    machines: Sequence[Machine],
    config: str | None,
    attempt_delay_s: float | None = None,
    *,
    areas: Sequence[Polygon] = (),
    takes_zones: bool = False,
    gives_looks: bool = False,
    keeps_pictures: bool = True,
) -> CameraSetup:
    """The setup as it is sent; a name beyond 100 characters is cut."""
    return CameraSetup(
        store_id=store_id,
        machines=tuple(
            MachineSetup(
                machine_id=machine.machine_id,
                name=machine.name[:_NAME_CHARACTERS],
                kind=machine.kind,
                zone=machine.zone,
            )
            for machine in machines
        ),
        config=config,
        attempt_delay_s=None if attempt_delay_s is None else min(attempt_delay_s, MAX_ATTEMPT_DELAY_S),
        areas=tuple(areas),
        takes_zones=takes_zones,
        gives_looks=gives_looks,
        keeps_pictures=keeps_pictures,
    )


def shareable_config(path: Path, detector: DetectorConfig | None = None, camera_id: str | None = None) -> str | None:
    """The settings in the file at `path` as YAML, without its comments: those are notes that nobody meant to send.

    With `detector`, the one in effect after the flags, in the place of the file's. With `camera_id`, of several
    cameras, that one's part, without its streams, whose addresses may hold a password. None when they are too
    long to be sent. Raises UsageError when the file cannot be read.
    """
    settings = read_yaml(path).data
    if camera_id is not None:
        settings = _part_of(settings, camera_id)
    if detector is not None and isinstance(settings, dict):
        in_effect = {"kind": detector.kind} | ({"model": str(detector.model.resolve())} if detector.model else {})
        settings = settings | {"detector": (settings.get("detector") or {}) | in_effect}
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return text if len(text) <= MAX_CONFIG_CHARACTERS else None


def _part_of(settings: dict[str, Any], camera_id: str) -> dict[str, Any]:
    """What the file has of `camera_id`, the common sections merged in."""
    own = next(camera for camera in settings["cameras"] if camera["camera_id"] == camera_id)
    common = {name: settings[name] | own.get(name, {}) for name in COMMON_SECTIONS if name in settings}
    return {key: value for key, value in (own | common).items() if key in _SENT_OF_A_CAMERA}
