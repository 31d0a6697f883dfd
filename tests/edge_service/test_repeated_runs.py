"""A second run with the same --start-time: what is stored stays as it is, and what is refused is said."""

import hashlib
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY
from tests.edge_service import tiny_videos
from tests.processes import Running, free_port, script

pytestmark = pytest.mark.e2e

SECONDS = 40.0


def edge_command(video: Path, folder: Path, outbox: Path, address: str, *extra: str) -> list[str]:
    return [
        *script("edge_service/main.py"),
        *("--video", str(video), "--camera-id", "cam_01", "--store-id", "gym_demo", "--seed", "42"),
        *("--media-dir", str(folder), "--outbox-dir", str(outbox), "--backend-url", address),
        *("--start-time", "2026-01-31T09:00:00Z", "--speed", "max", *extra),
    ]


def stored(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.iterdir() if path.suffix in {".mp4", ".jpg"}]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def first_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("first") / "first.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(10), seconds=SECONDS, key_every=10)


@pytest.fixture(scope="module")
def other_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("other") / "other.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(10), seconds=SECONDS, key_every=10, size=(128, 96))


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [*script("backend_api/main.py"), "--db", str(tmp_path / "app.db"), "--port", str(port)]
    with Running([*command, "--media-dir", str(tmp_path / "media")]) as process:
        process.wait_for("clips in")
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("folder_name", ["media", "media_of_the_edge"])
def test_no_stored_file_changes_and_what_is_refused_is_counted(
    tmp_path: Path, backend: str, first_video: Path, other_video: Path, folder_name: str
) -> None:
    folder, media, first_outbox = tmp_path / folder_name, tmp_path / "media", tmp_path / "outbox"
    # What is drawn besides is among all that is made.
    preview = ["--preview", str(tmp_path / "preview.mp4")] if folder == media else []
    with Running(edge_command(first_video, folder, first_outbox, backend, *preview)) as edge:
        assert edge.wait(120) == 0
    before = stored(media)
    assert len(before) >= 6
    if preview:
        check_modes(tmp_path)

    config = tmp_path / "config.yaml"
    text = (REPOSITORY / "edge_service" / "sample_config.yaml").read_text(encoding="utf-8")
    lengths = "{pre_s: 3, post_s: 5, end_pre_s: 15}"
    assert lengths in text
    config.write_text(text.replace(lengths, "{pre_s: 2, post_s: 5, end_pre_s: 4}"), encoding="utf-8")
    # The backend is as the first run left it each time, for nothing of a second one is taken; so is the outbox.
    for what_changed, video, flags in (
        ("nothing", first_video, []),
        ("video", other_video, []),
        ("pre_s", first_video, ["--config", str(config)]),
    ):
        outbox = tmp_path / what_changed
        shutil.copytree(first_outbox, outbox)
        with Running(edge_command(video, folder, outbox, backend, *flags)) as edge:
            code = edge.wait(120)
        assert stored(media) == before, what_changed
        if what_changed == "nothing":
            assert code == 0
        else:
            assert code == 1, what_changed
            rejected = (outbox / "cam_01.rejected.jsonl").read_text(encoding="utf-8").splitlines()
            # With less before each event, a clip that began with the video is the same as before.
            assert len(rejected) >= len(before) // 2 - 1
            assert f"the backend refused {len(rejected)} events of this run for good" in edge.output


def check_modes(folder: Path) -> None:
    """All that edge and backend make is their user's alone."""
    made = list(folder.rglob("*"))
    assert {"app.db", "app.db-wal", "folder-id", "cam_01.jsonl", "cam_01.lock", "preview.mp4"} <= {p.name for p in made}
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in made if path.stat().st_mode & 0o077} == {}
