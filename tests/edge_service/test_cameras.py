"""Several cameras in one configuration: what they have in common, what each has, and how each mistake is told."""

import re
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY, UsageError
from edge_service.cameras import CamerasConfig, load_cameras
from edge_service.config import load_config
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import RuleTimes
from edge_service.video.address import CameraAddress, Webcam

BENCH = "machines: [{machine_id: bench_01, name: Bench, zone: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}]"
TWO = f"""\
store_id: gym_demo
cameras:
  - camera_id: cam_01
    video: one.mp4
    {BENCH}
  - camera_id: cam_02
    video: "rtsp://admin:s3cret@cam/2"
    {BENCH}
"""


def loaded(folder: Path, text: str, **environ: str) -> CamerasConfig:
    path = folder / "gym.yaml"
    path.write_text(text, encoding="utf-8")
    return load_cameras(path, environ)


def refused(folder: Path, text: str, **environ: str) -> str:
    with pytest.raises(UsageError) as error:
        loaded(folder, text, **environ)
    return str(error.value)


def test_each_camera_has_its_video_and_a_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    config = loaded(tmp_path, TWO)
    assert config.store_id == "gym_demo"
    first, second = config.cameras
    assert (first.camera_id, first.video) == ("cam_01", tmp_path / "one.mp4")
    assert (second.camera_id, second.video) == ("cam_02", CameraAddress("rtsp://admin:s3cret@cam/2"))
    assert "s3cret" not in repr(config)
    odd = "~nobody-has-this-name/one.mp4"
    assert loaded(tmp_path, TWO.replace("one.mp4", odd)).cameras[0].video == tmp_path / odd


def test_a_camera_may_have_a_small_stream_that_is_looked_at(tmp_path: Path) -> None:
    text = TWO.replace("video: one.mp4", "video: one.mp4\n    detect_video: small.mp4")
    text = text.replace('cam/2"', 'cam/2"\n    detect_video: "rtsp://admin:${PASSWORD}@cam/3"')
    first, second = loaded(tmp_path, text, PASSWORD="s3/cret").cameras
    assert first.detect_video == tmp_path / "small.mp4"
    assert second.detect_video == CameraAddress("rtsp://admin:s3%2Fcret@cam/3")
    assert loaded(tmp_path, TWO).cameras[0].detect_video is None


def test_a_camera_overrides_what_is_common_key_by_key_and_a_machine_its_camera(tmp_path: Path) -> None:
    common = "rules: {enter_s: 20, exit_s: 7}\ndetector: {kind: onnx, model: net.onnx}\nprivacy: {mask: heads}\n"
    own = "rules: {exit_s: 4}, detector: {fps: 2}, clip: {pre_s: 1}, privacy: {only_zones: true}"
    machine = BENCH.replace("]}]", "], rules: {window_s: 9}}]")
    camera = f"  - {{camera_id: cam_03, video: 0, {own}, {machine}}}\n"
    config = loaded(tmp_path, f"{TWO}{camera}{common}")
    first, third = config.cameras[0].config, config.cameras[2].config
    assert config.cameras[2].video == Webcam(0)
    assert first.machines[0].rules == RuleTimes(20, 7)
    assert third.machines[0].rules == RuleTimes(20, 4, window_s=9)
    assert (first.detector.fps, third.detector.fps) == (5, 2)
    assert first.detector.model == third.detector.model == tmp_path / "net.onnx"
    assert (first.clip.pre_s, third.clip.pre_s) == (3, 1)
    assert (first.privacy, third.privacy) == (PrivacyConfig("heads"), PrivacyConfig("heads", only_zones=True))


def test_an_address_may_come_from_the_environment_whole_or_in_part(tmp_path: Path) -> None:
    text = TWO.replace("admin:s3cret", "admin:${CAM_PASSWORD}").replace("one.mp4", "${CAM_1}")
    config = loaded(tmp_path, text, CAM_PASSWORD="a/b@c", CAM_1="rtsp://u:p@one/1")
    assert [camera.video for camera in config.cameras] == [
        CameraAddress("rtsp://u:p@one/1"),
        CameraAddress("rtsp://admin:a%2Fb%40c@cam/2"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("store_id: gym_demo\n", "", 1, "the file: the key store_id is missing"),
        ("gym_demo", "gym/demo", 1, "store_id: 'gym/demo' is no id"),
        ("camera_id: cam_02", "camera_id: CAM_01", 6, r"cameras[1].camera_id: CAM_01 is the id of another camera too"),
        ("camera_id: cam_02", "camera_id: cam/02", 6, "cameras[1].camera_id: 'cam/02' is no id"),
        ("video: one.mp4", "vidoe: one.mp4", 4, "cameras[0].vidoe: unknown key; known here are camera_id, video, "),
        ("    video: one.mp4\n", "", 3, "cameras[0]: the key video is missing; add it"),
        ("video: one.mp4", "video: ftp://a:s3cret@b/c", 4, "cameras[0].video: ftp:// is no kind of video source"),
        ("admin:s3cret", "admin:s3/cret", 7, "cameras[1].video: has an @ behind the first / ? or #"),
        (
            "one.mp4",
            "${CAM_1}",
            4,
            "cameras[0].video: the environment variable CAM_1 is not set; set it before the edge",
        ),
        (
            "video: one.mp4",
            "video: one.mp4\n    rules: {enter_s: 2}",
            5,
            "cameras[0].rules (machine bench_01): attempt_s",
        ),
        ("video: one.mp4", "video: one.mp4\n    rules: {exit_s: x}", 5, "cameras[0].rules.exit_s: must be a number"),
        (
            "video: one.mp4",
            "video: one.mp4\n    detector: {kind: mock, nms: 0.5}",
            5,
            "cameras[0].detector.nms: the mock detector has no nms",
        ),
        (
            "store_id: gym_demo",
            "store_id: gym_demo\nmachines: []",
            2,
            "machines: unknown key; known here are store_id, ",
        ),
        ("bench_01", "bench 01", 5, "cameras[0].machines[0].machine_id: 'bench 01' is no id"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, old: str, new: str, line: int, problem: str) -> None:
    assert old in TWO
    told = refused(tmp_path, TWO.replace(old, new, 1))
    assert told.startswith(f"{tmp_path}/gym.yaml:{line}: {problem}")
    assert "cret" not in told


def test_no_camera_and_too_many_are_refused(tmp_path: Path) -> None:
    assert "cameras: is empty; describe at least one camera" in refused(tmp_path, "store_id: gym\ncameras: []\n")
    many = "".join(f"  - {{camera_id: c{number}, video: 0, {BENCH}}}\n" for number in range(65))
    assert "cameras: is too long; write at most 64" in refused(tmp_path, f"store_id: gym\ncameras:\n{many}")


def test_where_one_camera_is_needed_several_are_refused(tmp_path: Path) -> None:
    loaded(tmp_path, TWO)
    with pytest.raises(UsageError, match=r"gym\.yaml:2: cameras: are several; this needs a file of one camera"):
        load_config(tmp_path / "gym.yaml")


def test_every_key_is_documented(tmp_path: Path) -> None:
    def known(text: str) -> set[str]:
        return set(refused(tmp_path, text).split("no_such_key: unknown key; known here are ")[1].split(", "))

    own = known("{store_id: gym, cameras: [{camera_id: a, video: b, machines: [], no_such_key: 1}]}")
    top = known("{store_id: gym, cameras: [], no_such_key: 1}")
    pages = (REPOSITORY / "docs" / "reference.md").read_text(encoding="utf-8")
    section = pages.partition("## Several cameras\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([a-z_.]+)` \|", section, re.M))
    assert {"store_id", "cameras", "cameras.camera_id", "cameras.video"} <= rows
    common = {"machines", "rules", "detector", "clip", "privacy", "delivery", "outbox"}
    assert rows == (top - common) | {f"cameras.{key}" for key in own - common}
    assert {f"`{key}`" for key in (top | own) & common} <= set(re.findall(r"`[a-z_]+`", section))
