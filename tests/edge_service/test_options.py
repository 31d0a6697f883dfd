"""The edge's command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY, UsageError
from edge_service.detection.detector_config import DetectorConfig, with_flags
from edge_service.options import parse_options

GIVEN = ["--video", "sample.mp4", "--camera-id", "cam_01", "--store-id", "gym_demo"]


def test_defaults_anchor_on_the_repository() -> None:
    options = parse_options(GIVEN)
    assert options.config is None
    assert options.media_dir == REPOSITORY / "data" / "media"
    assert options.outbox_dir == REPOSITORY / "data" / "outbox"
    assert (options.speed, options.loop, options.seed) == (1.0, 1, 42)
    assert (options.start_time, options.backend_url, options.detector, options.model) == (None, None, None, None)


def test_paths_that_are_given_stay_relative_to_the_working_directory() -> None:
    assert parse_options([*GIVEN, "--media-dir", "here"]).media_dir == Path("here")


def test_speed_and_start_time() -> None:
    options = parse_options([*GIVEN, "--speed", "max", "--start-time", "2026-01-31T10:00:00+01:00"])
    assert options.speed is None
    assert options.start_time == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--speed", "0"),
        ("--speed", "-1"),
        ("--speed", "nan"),
        ("--speed", "inf"),
        ("--speed", "fast"),
        ("--start-time", "2026-01-31T09:00:00"),
        ("--start-time", "now"),
        ("--start-time", "0001-01-01T00:00:00Z"),
        ("--start-time", "9999-12-31T23:59:30Z"),
        ("--loop", "-1"),
        ("--loop", "1.5"),
        ("--camera-id", "cam/01"),
        ("--store-id", ""),
        ("--seed", "x"),
        ("--detector", "magic"),
        ("--still-s", "30"),
        ("--still-s", "-1"),
        ("--still-s", "nan"),
    ],
)
def test_a_wrong_value_is_named_with_its_flag(flag: str, value: str) -> None:
    with pytest.raises(UsageError, match=flag):
        parse_options([*GIVEN, flag, value])


@pytest.mark.parametrize("still_s", [0.0, 60.0, 600.0])
def test_the_witness_is_switched_off_and_on(still_s: float) -> None:
    options = parse_options([*GIVEN, "--still-s", f"{still_s:g}"])
    assert options.still_s == still_s
    model = Path("a.onnx")
    assert with_flags(DetectorConfig(still_s=90), None, model, still_s=options.still_s).still_s == still_s
    assert with_flags(DetectorConfig(still_s=90), None, model, still_s=parse_options(GIVEN).still_s).still_s == 90


@pytest.mark.parametrize("url", ["http://ann:s3cret@gym", "http://ann:s3cret@gym:99999", "ann:s3cret@gym", "gym:8000"])
def test_what_is_no_address_of_a_backend_is_refused_and_no_password_is_told(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"--backend-url: (holds a user name or a password|'gym:8000' is no)"
    ) as refused:
        parse_options([*GIVEN, "--backend-url", url])
    assert "s3cret" not in str(refused.value)
    assert parse_options([*GIVEN, "--backend-url", "https://gym/"]).backend_url == "https://gym"


LIVE = ["--video", "rtsp://admin:s3cret@cam/1", *GIVEN[2:]]


def test_a_live_camera_comes_as_fast_as_it_comes() -> None:
    options = parse_options(LIVE)
    assert str(options.video) == "rtsp://cam/1"
    assert (options.speed, options.start_time) == (None, None)
    assert "s3cret" not in repr(options)


@pytest.mark.parametrize(
    "flags", [["--speed", "1"], ["--loop", "0"], ["--start-time", "2026-01-31T09:00:00Z"], ["--speed", "max"]]
)
def test_what_is_for_files_is_refused_for_a_live_camera(flags: list[str]) -> None:
    with pytest.raises(UsageError, match=f"{flags[0]}: is for video files; rtsp://cam/1 is live, leave it out"):
        parse_options([*LIVE, *flags])


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="--video: ftp:// is no kind of video source") as refused:
        parse_options(["--video", "ftp://admin:s3cret@cam/1", *GIVEN[2:]])
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("missing", ["--video", "--camera-id", "--store-id"])
def test_what_cannot_be_guessed_must_be_given(missing: str) -> None:
    at = GIVEN.index(missing)
    with pytest.raises(UsageError, match=missing):
        parse_options(GIVEN[:at] + GIVEN[at + 2 :])


def test_the_help_names_units_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(["--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "media seconds per second" in said
    assert "default: now" in said


def test_the_preview_is_another_file_than_the_video() -> None:
    assert parse_options(GIVEN).preview is None
    assert parse_options([*GIVEN, "--preview", "preview.mp4"]).preview == Path("preview.mp4")
    with pytest.raises(UsageError, match=r"--preview \./sample\.mp4|--preview sample\.mp4: is the video"):
        parse_options([*GIVEN, "--preview", "./sample.mp4"])


def test_the_address_may_stand_in_the_environment_and_a_flag_comes_before_it() -> None:
    without = LIVE[2:]
    environ = {"GYM_VIDEO": "rtsp://admin:s3cret@cam/2"}
    assert str(parse_options(without, environ).video) == "rtsp://cam/2"
    assert str(parse_options(LIVE, environ).video) == "rtsp://cam/1"
    with pytest.raises(UsageError, match="--video is missing: give a file, an address or 0, or set GYM_VIDEO"):
        parse_options(without, {"GYM_VIDEO": " "})
    with pytest.raises(UsageError, match="GYM_VIDEO: has an @ behind the first") as refused:
        parse_options(without, {"GYM_VIDEO": "rtsp://admin:s3/cret@cam/2"})
    assert "cret" not in str(refused.value)


def test_a_small_stream_is_named_by_a_flag_or_in_the_environment() -> None:
    environ = {"GYM_DETECT_VIDEO": "rtsp://admin:s3cret@cam/2"}
    assert parse_options(GIVEN).detect_video is None
    assert str(parse_options(LIVE, environ).detect_video) == "rtsp://cam/2"
    assert str(parse_options([*LIVE, "--detect-video", "rtsp://cam/3"], environ).detect_video) == "rtsp://cam/3"
    with pytest.raises(UsageError, match="GYM_DETECT_VIDEO: has an @ behind the first"):
        parse_options(LIVE, {"GYM_DETECT_VIDEO": "rtsp://admin:s3/cret@cam/2"})
    with pytest.raises(UsageError, match=r"--preview small.mp4: is the video that is watched"):
        parse_options([*GIVEN, "--detect-video", "small.mp4", "--preview", "small.mp4"])


def test_a_configuration_that_is_not_there_is_named_before_the_flags_that_it_might_make_needless(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cameras.yaml"
    with pytest.raises(UsageError, match="no such file") as caught:
        parse_options(["--config", str(path)])
    assert str(path) in str(caught.value)
