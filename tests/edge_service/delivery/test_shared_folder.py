"""Whether clips travel: found out from the id that the backend leaves in its media folder."""

from pathlib import Path
from uuid import UUID, uuid5

import pytest

from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.events import MAX_BATCH_LINES
from backend_api.contract.media import Ready
from backend_api.media.folder import MediaFolder
from edge_service.delivery.shared_folder import FolderAwareTransport, SharedFolder
from edge_service.delivery.uploading import UPLOAD_BATCH_LINES


class Way:
    """A transport that notes what went through it; `away` is raised once."""

    def __init__(self) -> None:
        self.posted: list[bytes] = []
        self.away: NoAnswer | None = None

    def post(self, ndjson: bytes) -> Answer:
        if self.away is not None:
            away, self.away = self.away, None
            raise away
        self.posted.append(ndjson)
        return Answer(200, b"{}")


class Scene:
    """An edge that writes into `edge`, and a backend that reads `folder` and was started `starts` times."""

    def __init__(self, edge: Path, *, uploads_untold: bool = False) -> None:
        self.plain, self.uploading = Way(), Way()
        self.asked = 0
        self.answer = Answer(404, b"")
        self.starts = 0
        self.edge = edge
        self.starts_late_in: Path | None = None
        folder = SharedFolder(edge, self._ready, uploads_untold=uploads_untold)
        self.transport = FolderAwareTransport(self.plain, self.uploading, folder)

    def start_backend(self, folder: Path) -> None:
        self.starts += 1
        media = MediaFolder.open(folder)
        media.mark(uuid5(UUID(int=0), str(self.starts)))
        self.answer = Answer(200, Ready(status="ready", media_folder_id=media.find_id()).model_dump_json().encode())

    def ways(self, *bodies: bytes) -> str:
        """Which way each of `bodies` goes: p(lain) or u(ploading)."""
        found = ""
        for body in bodies:
            self.transport.post(body)
            found += "p" if body in self.plain.posted else "u"
        return found

    def _ready(self) -> Answer:
        self.asked += 1
        if self.starts_late_in is not None:
            self.start_backend(self.starts_late_in)
        return self.answer


def test_clips_stay_in_a_shared_folder_and_the_backend_is_asked_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.start_backend(tmp_path)
    assert scene.transport.most_lines() == UPLOAD_BATCH_LINES  # not known yet
    assert scene.ways(b"1", b"2") == "pp"
    assert scene.asked == 1
    assert scene.transport.most_lines() == MAX_BATCH_LINES


def test_a_backend_that_starts_while_it_is_asked_shares_the_folder_all_the_same(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.starts_late_in = tmp_path
    assert scene.ways(b"1", b"2") == "pp"


def test_clips_travel_to_another_folder(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "edge")
    scene.start_backend(tmp_path / "backend")
    assert scene.ways(b"1", b"2") == "uu"
    assert scene.asked == 1
    assert scene.transport.most_lines() == UPLOAD_BATCH_LINES


def test_a_copied_folder_is_another_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "copy")
    scene.start_backend(tmp_path / "original")
    MediaFolder.open(tmp_path / "copy").mark(UUID(int=7))
    assert scene.ways(b"1") == "u"


def test_a_restart_of_the_backend_is_noticed(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "edge")
    scene.start_backend(tmp_path / "edge")
    assert scene.ways(b"1") == "p"
    scene.start_backend(tmp_path / "edge")
    assert scene.ways(b"2") == "p"
    scene.start_backend(tmp_path / "other")  # with another --media-dir: its connections are cut
    scene.plain.away = NoAnswer("cut")
    with pytest.raises(NoAnswer):
        scene.transport.post(b"3")
    assert scene.ways(b"3") == "u"


@pytest.mark.parametrize("status", [200, 301, 404])
@pytest.mark.parametrize(("uploads_untold", "way"), [(False, "p"), (True, "u")])
def test_a_backend_that_does_not_tell_shares_unless_somebody_says_otherwise(
    tmp_path: Path, status: int, uploads_untold: bool, way: str
) -> None:
    scene = Scene(tmp_path, uploads_untold=uploads_untold)
    scene.answer = Answer(status, b'{"status": "ready"}')
    assert scene.ways(b"1") == way


def test_what_answers_in_the_backends_place_decides_for_its_own_time_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "edge")
    scene.answer = Answer(404, b"a proxy whose backend is not there yet")
    assert scene.ways(b"1") == "p"
    assert scene.transport.most_lines() == UPLOAD_BATCH_LINES  # not known yet
    scene.start_backend(tmp_path / "backend")
    assert scene.ways(b"2") == "u"


def test_no_event_goes_before_the_folder_is_known(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.answer = Answer(503, b"the disk is full", "5")
    assert scene.transport.post(b"1") == scene.answer
    assert scene.plain.posted == scene.uploading.posted == []
    scene.start_backend(tmp_path)
    assert scene.ways(b"1") == "p"


def test_an_unreadable_id_is_that_of_no_backend(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "edge")
    scene.start_backend(tmp_path / "backend")
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "folder-id").write_bytes(b"\xff\xfe")
    assert scene.ways(b"1") == "u"
