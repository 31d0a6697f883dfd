"""What `make run` was told becomes four command lines."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY, UsageError
from deploy.launcher import options
from deploy.launcher.commands import Settings, make_programs
from deploy.launcher.options import parse_settings
from deploy.launcher.supervisor import Program

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
NOTHING_SET = ["--video", "", "--config", "", "--model", "", "--camera-id", "", "--store-id", "", "--data-dir", ""]


@pytest.fixture(autouse=True)
def drawn_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "sample.mp4"
    path.touch()
    monkeypatch.setattr(options, "SAMPLE", path)
    monkeypatch.delenv("GYM_VIDEO", raising=False)
    return path


def programs(*flags: str) -> dict[str, Program]:
    return {program.name: program for program in make_programs(parse_settings(flags), NOW)}


def value(program: Program, flag: str) -> str:
    """What stands behind the last `flag` of the command."""
    return program.argv[len(program.argv) - program.argv[::-1].index(flag)]


@pytest.mark.parametrize("flags", [(), NOTHING_SET])
def test_without_a_video_it_is_the_sample_for_ever_in_a_folder_of_its_own(flags: list[str]) -> None:
    four = programs(*flags)
    assert list(four) == ["backend", "worker", "ui", "edge"]
    edge = four["edge"]
    assert (value(edge, "--loop"), value(edge, "--seed"), value(edge, "--store-id")) == ("0", "42", "gym_demo")
    assert value(edge, "--outbox-dir") == str(REPOSITORY / "data" / "demo" / "outbox")
    assert not edge.comes_to_an_end
    assert value(four["backend"], "--keep-gb") == "10"


def test_all_four_agree_on_ports_and_folders(tmp_path: Path) -> None:
    four = programs("--port", "18000", "--ui-port", "18501", "--data-dir", str(tmp_path))
    assert value(four["backend"], "--port") == "18000"
    assert value(four["edge"], "--backend-url") == four["ui"].env["GYM_BACKEND_URL"] == "http://127.0.0.1:18000"
    assert value(four["ui"], "--server.port") == "18501"
    assert {value(four[name], "--db") for name in ("backend", "worker")} == {str(tmp_path / "app.db")}
    media = {value(four[name], "--media-dir") for name in ("backend", "worker", "edge")}
    assert media == {str(tmp_path / "media")}


def test_a_video_of_ones_own_is_played_once_with_its_model_and_zones(tmp_path: Path) -> None:
    video = tmp_path / "my gym.mp4"
    video.touch()
    own = ["--video", str(video), "--model", "yolox.onnx", "--config", "gym.yaml", "--camera-id", "door"]
    edge = programs(*own)["edge"]
    assert edge.comes_to_an_end
    assert value(edge, "--video") == str(video)
    assert (value(edge, "--detector"), value(edge, "--model")) == ("onnx", str(Path.cwd() / "yolox.onnx"))
    assert value(edge, "--config") == str(Path.cwd() / "gym.yaml")
    assert (value(edge, "--camera-id"), value(edge, "--store-id")) == ("door", "my_gym")
    assert value(edge, "--media-dir") == str(REPOSITORY / "data" / "media")
    # Were it killed, the next run makes the same events.
    assert value(edge, "--start-time") == "2026-01-31T09:00:00Z"
    assert "--loop" not in edge.argv


def test_a_camera_and_a_looped_file_have_no_end(tmp_path: Path) -> None:
    video = tmp_path / "gym.mp4"
    video.touch()
    for flags in (
        ["--video", "rtsp://camera/stream"],
        ["--video", "0"],
        ["--video", str(video), "--edge-flags=--loop 3"],
    ):
        edge = programs(*flags)["edge"]
        assert not edge.comes_to_an_end
        assert "--start-time" not in edge.argv


@pytest.mark.parametrize("comes_from", ["flag", "environment"])
def test_an_address_with_its_password_stands_on_no_command_line(
    comes_from: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "rtsp://admin:secret@camera/stream"
    if comes_from == "environment":
        monkeypatch.setenv("GYM_VIDEO", address)
    four = programs(*(["--video", address] if comes_from == "flag" else []))
    assert four["edge"].env["GYM_VIDEO"] == address
    assert value(four["edge"], "--store-id") == "my_gym"
    assert not any("secret" in word for program in four.values() for word in program.argv)


@pytest.mark.parametrize(
    ("videos", "flags", "ends"),
    [
        (["a.mp4", "b.mp4"], [], True),
        (["a.mp4", "b.mp4"], ["--edge-flags=--loop 0"], False),
        (["a.mp4", "rtsp://camera/stream"], [], False),
        (["a.mp4", "0"], [], False),
        (["${CAM_1}"], [], False),
    ],
)
def test_a_configuration_of_several_cameras_names_their_videos_itself(
    tmp_path: Path, drawn_sample: Path, videos: list[str], flags: list[str], ends: bool
) -> None:
    drawn_sample.unlink()  # nobody needs it
    config = tmp_path / "gym.yaml"
    cameras = "".join(f"  - {{camera_id: cam_{number}, video: '{video}'}}\n" for number, video in enumerate(videos))
    config.write_text(f"store_id: gym\ncameras:\n{cameras}")
    edge = programs("--config", str(config), *flags)["edge"]
    assert not {"--video", "--camera-id", "--store-id", "--seed"} & set(edge.argv)
    assert value(edge, "--config") == str(config)
    assert value(edge, "--media-dir") == str(REPOSITORY / "data" / "media")
    assert edge.comes_to_an_end == ends
    assert ("--start-time" in edge.argv) == ends
    # The edge says that this is a second word.
    assert value(programs("--config", str(config), "--video", "c.mp4")["edge"], "--video") == "c.mp4"
    assert value(programs("--config", str(config), "--camera-id", "door")["edge"], "--camera-id") == "door"


def test_at_another_speed_the_edge_chooses_the_start(tmp_path: Path) -> None:
    (tmp_path / "gym.mp4").touch()
    edge = programs("--video", str(tmp_path / "gym.mp4"), "--edge-flags=--speed=max")["edge"]
    assert edge.comes_to_an_end
    assert "--start-time" not in edge.argv


def test_a_file_is_found_from_the_folder_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gym.mp4").touch()
    monkeypatch.chdir(tmp_path)
    edge = programs("--video", "gym.mp4")["edge"]
    assert value(edge, "--video") == str(tmp_path / "gym.mp4")
    assert edge.comes_to_an_end


def test_more_flags_come_last() -> None:
    flags = ["--edge-flags=--seed 7", "--worker-flags=--vlm openai --vlm-model 'my model'", "--keep-gb", "0.5"]
    four = programs(*flags, "--backend-flags=--keep-gb 3", "--ui-flags=--server.address 0.0.0.0")
    assert four["edge"].argv[-2:] == ("--seed", "7")
    assert four["worker"].argv[-4:] == ("--vlm", "openai", "--vlm-model", "my model")
    assert four["backend"].argv[-4:] == ("--keep-gb", "0.5", "--keep-gb", "3")
    assert four["ui"].argv[-1] == "0.0.0.0"  # noqa: S104 - it is not listened on


def test_no_line_of_a_child_bears_a_second_time() -> None:
    assert all(program.env["GYM_LOG_TIME"] == "0" for program in programs().values())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "8501"], "--port 8501 and --ui-port 8501: give two different ones"),
        (["--port", "0"], "--port 0 and --ui-port 8501: give two different ones, from 1 on"),
        (["--port", "70000"], "--port: '70000' is no port: give a number from 0 to 65535"),
        (["--keep-gb", "0"], "--keep-gb: '0' is no amount"),
        (["--edge-flags=--x 'y"], "--edge-flags: --x 'y is no list of flags: No closing quotation"),
    ],
)
def test_a_mistake_is_one_line(flags: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(flags)
    assert said in str(caught.value)


def test_a_sample_that_was_not_drawn(drawn_sample: Path) -> None:
    drawn_sample.unlink()
    with pytest.raises(UsageError, match=r"sample.mp4 is missing: `make sample.mp4` draws it, or give .* --video"):
        parse_settings([])
    assert isinstance(parse_settings(["--video", "0"]), Settings)
