"""Clips and pictures in which nothing was hidden: found, told and removed, and no other file touched."""

import io
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from backend_api.contract.events import ClipInfo, ClipMask, Event
from backend_api.contract.media import clip_name, thumbnail_name
from backend_api.doctor import command
from backend_api.doctor_options import parse_options
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.events import START, make_event
from tests.fake_clock import FakeClock

MASK = ClipMask(mask="heads", detector="onnx")


@pytest.fixture
def scene(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Scene:
    return Scene(tmp_path / "app.db", media.folder, store, clock)


def add(scene: Scene, at_s: float, masked: ClipMask | None, camera_id: str = "cam_01") -> Event:
    info = ClipInfo(
        start_ts=START,
        end_ts=START,
        codec="h264",
        width=64,
        height=48,
        bytes=4,
        sha256=sha256(b"clip").hexdigest(),
        masked=masked,
    )
    event = make_event(at_s=at_s, clip=info, clip_error=None, camera_id=camera_id)
    scene.store.events.add([event])
    scene.put(clip_name(event.event_id), b"clip")
    scene.put(thumbnail_name(event.event_id), b"jpeg")
    return event


def run(scene: Scene, *flags: str) -> list[str]:
    output = io.StringIO()
    options = parse_options(["--db", str(scene.db), "--media-dir", str(scene.media), *flags])
    with redirect_stdout(output):
        assert command(options, scene.clock) == 0
    return output.getvalue().splitlines()


def test_they_are_listed_and_left(scene: Scene) -> None:
    plain, _ = add(scene, 0, None), add(scene, 10, MASK)
    lines = run(scene, "--list-unmasked")
    assert [str(plain.event_id) in line for line in lines] == [True, False]
    assert "clip of gym_demo/cam_01, 20" in lines[0]
    assert "of 1 events" in lines[1]
    assert len(list(scene.media.glob("*.*"))) == 4


def test_they_are_removed_with_their_pictures_and_the_events_stay(scene: Scene) -> None:
    plain, masked = add(scene, 0, None), add(scene, 10, MASK)
    other = add(scene, 20, None, camera_id="cam_02")
    without_clip = make_event(at_s=30)
    scene.store.events.add([without_clip])
    scene.put(thumbnail_name(without_clip.event_id))
    unknown = scene.put("0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11.jpg")
    run(scene, "--remove-unmasked", "--camera-id", "cam_01", "--reason", "the lawyer said so")
    assert {path.name for path in scene.media.glob("*.*") if not path.name.startswith(".")} == {
        *(clip_name(masked.event_id), thumbnail_name(masked.event_id)),
        *(clip_name(other.event_id), thumbnail_name(other.event_id)),
        unknown.name,
    }
    removed = scene.store.removed_media.find(plain.event_id)
    assert removed is not None
    assert removed.reason == "the lawyer said so"
    assert scene.store.events.find(plain.event_id) is not None
    assert run(scene, "--list-unmasked", "--camera-id", "cam_01") == ["nothing is unmasked"]
    assert not [line for line in scene.examine().findings if "clip" in line]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [(["--remove-unmasked"], "needs --reason"), (["--camera-id", "cam_01"], "belongs to --list-unmasked")],
)
def test_wrong_use_is_told(scene: Scene, flags: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        run(scene, *flags)
