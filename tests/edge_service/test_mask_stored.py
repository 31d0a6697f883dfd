"""Clips that were stored without masks, masked on purpose: no file shows the head any more, and the event says so."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

import edge_service.mask_stored as script
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, UsageError
from backend_api.contract.events import ClipInfo, Event
from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.media.folder import MediaFolder
from backend_api.store.db.errors import StoreBusy
from backend_api.store.events import Events, IngestOutcome
from backend_api.store.store import Store
from edge_service.detection.detector import Detection
from edge_service.video.frame import Frame
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.events import START, make_event
from tests.edge_service.magenta_gym import HEIGHT, WIDTH, MissingEye, config, draw, finder, magenta_pixels, pictures_in
from tests.fake_clock import FakeClock

# From when on the drawn gym's person walks in, and for how long.
FROM_S, FPS, FRAMES = 3.0, 10, 20


class LaterEye(MissingEye):
    """Sees what a clip that begins at FROM_S shows."""

    def detect(self, frame: Frame) -> Sequence[Detection]:
        return super().detect(
            Frame(0.0, frame.source_time_s + FROM_S, frame.width, frame.height, frame.image, frame.scaled)
        )


def draw_clip(path: Path) -> bytes:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.codec_context.width, stream.codec_context.height = WIDTH, HEIGHT
        stream.codec_context.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            frame = VideoFrame.from_ndarray(draw(FROM_S + number / FPS, head=True, area=False), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "clip.mp4"
    draw_clip(path)
    return path


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    (tmp_path / "gym.yaml").write_text(config(5, "{mask: heads}"))
    monkeypatch.setattr(script, "_open", lambda *_: LaterEye())
    monkeypatch.setattr(script, "forbid_core_dumps", lambda: None)
    clock = FakeClock()
    with closing(Store.open(tmp_path / "app.db", clock, create=True)) as store:
        yield Scene(tmp_path / "app.db", MediaFolder.open(tmp_path / "media").folder, store, clock)


def add(scene: Scene, mp4: bytes, at_s: float = 1.0, machine_id: str = "bench_01") -> Event:
    digest = sha256(mp4).hexdigest()
    info = ClipInfo(
        start_ts=START, end_ts=START, codec="h264", width=WIDTH, height=HEIGHT, bytes=len(mp4), sha256=digest
    )
    event = make_event(at_s=at_s, clip=info, machine_id=machine_id)
    scene.store.events.add([event])
    scene.put(clip_name(event.event_id), mp4)
    for name in (thumbnail_name(event.event_id), frame_name(event.event_id, 1)):
        scene.put(name, b"shows somebody")
    return event


def run(scene: Scene, monkeypatch: pytest.MonkeyPatch, *flags: str) -> int:
    given = {
        "--db": scene.db,
        "--media-dir": scene.media,
        "--config": scene.db.parent / "gym.yaml",
        "--camera-id": "cam_01",
    }
    words = [word for pair in given.items() for word in map(str, pair)]
    monkeypatch.setattr("sys.argv", ["mask_stored.py", *words, *flags])
    return script.main()


def files(scene: Scene) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in scene.media.iterdir() if path.is_file() and path.name[0] != "."}


def test_no_file_shows_the_head_and_the_event_says_what_was_hidden(
    scene: Scene, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mp4 = drawn.read_bytes()
    assert any(map(magenta_pixels, pictures_in(mp4)))
    event, elsewhere = add(scene, mp4), add(scene, mp4, 1.5, "of_yesterday")
    assert run(scene, monkeypatch, "--model", "people.onnx") == EXIT_DONE
    found = files(scene)
    assert {clip_name(event.event_id), thumbnail_name(event.event_id), clip_name(elsewhere.event_id)} == {
        name for name in found if name.endswith((".mp4", ".jpg"))
    }
    find = finder(drawn)
    assert [find(data) for data in found.values()] == [None] * len(found)
    assert sum(1 for _ in pictures_in(found[clip_name(event.event_id)])) == FRAMES
    row = scene.store.events.find(event.event_id)
    assert row is not None
    clip = row.event.clip
    assert clip is not None
    assert clip.masked is not None
    assert (clip.masked.mask, clip.masked.detector, clip.masked.afterwards) == ("heads", "onnx people.onnx", True)
    stored = found[clip_name(event.event_id)]
    assert (clip.sha256, clip.bytes) == (sha256(stored).hexdigest(), len(stored))
    assert row.event.model_copy(update={"clip": event.clip}) == event
    assert not [line for line in scene.examine().findings if "clip" in line]
    # An edge that sends the event once more means the same one, and nothing is done twice.
    assert scene.store.events.add([event]) == [IngestOutcome.DUPLICATE]
    assert run(scene, monkeypatch, "--model", "people.onnx") == EXIT_DONE
    assert files(scene) == found


def test_what_a_crash_left_between_files_and_row_is_masked_again(
    scene: Scene, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = add(scene, drawn.read_bytes())

    def crash(*_: object) -> None:
        raise StoreBusy("another process writes")

    with monkeypatch.context() as patched:
        patched.setattr(Events, "replace_clip", crash)
        with pytest.raises(Exception, match="another process writes"):
            run(scene, monkeypatch, "--model", "people.onnx")
    assert [find for data in files(scene).values() if (find := finder(drawn)(data))] == []
    assert run(scene, monkeypatch, "--model", "people.onnx") == EXIT_DONE
    row = scene.store.events.find(event.event_id)
    assert row is not None
    assert row.clip_sha256 == sha256(files(scene)[clip_name(event.event_id)]).hexdigest()
    assert not [line for line in scene.examine().findings if "clip" in line]


def test_a_clip_that_cannot_be_read_stays_and_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    add(scene, b"no video at all")
    before = files(scene)
    assert run(scene, monkeypatch, "--model", "people.onnx") == EXIT_FAILED
    assert files(scene) == before


def test_pictures_without_a_clip_go(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event(clip_error="the camera was away")
    scene.store.events.add([event])
    scene.put(thumbnail_name(event.event_id))
    assert run(scene, monkeypatch, "--model", "people.onnx") == EXIT_DONE
    assert files(scene) == {}
    assert scene.store.removed_media.find(event.event_id) is not None


def test_of_several_cameras_the_one_that_is_named_counts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = "[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]"
    machines = f"machines: [{{machine_id: bench_01, name: Bench, zone: {zone}}}]"
    (scene.db.parent / "gym.yaml").write_text(
        "store_id: gym_demo\ncameras:\n"
        f"  - {{camera_id: cam_01, video: a.mp4, {machines}, privacy: {{only_zones: true}}}}\n"
        f"  - {{camera_id: cam_02, video: b.mp4, {machines}}}\n"
    )
    assert run(scene, monkeypatch) == EXIT_DONE
    with pytest.raises(UsageError, match="privacy hides nothing"):
        run(scene, monkeypatch, "--camera-id", "cam_02")
    with pytest.raises(UsageError, match="has the cameras cam_01, cam_02"):
        run(scene, monkeypatch, "--camera-id", "cam_03")


@pytest.mark.parametrize(
    ("privacy", "problem"),
    [
        ("{}", "privacy hides nothing"),
        ("{mask: heads}", "name one with --model"),
        ("{pictures: none}", "hides nothing"),
    ],
)
def test_what_would_hide_nobody_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, privacy: str, problem: str
) -> None:
    (scene.db.parent / "gym.yaml").write_text(config(5, privacy))
    with pytest.raises(UsageError, match=problem):
        run(scene, monkeypatch)
