"""What killed processes left in the media folder goes, and nothing else does."""

from pathlib import Path

import pytest

from backend_api.contract import clip_name, frame_name, thumbnail_name
from backend_api.media import MediaFolder, temporary_path
from tests.backend_api.events import make_event

EVENT_ID = make_event().event_id
NAMES = [clip_name(EVENT_ID), thumbnail_name(EVENT_ID), frame_name(EVENT_ID, 12)]


@pytest.mark.parametrize("name", NAMES)
def test_leftovers_go(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    leftovers = [temporary_path(tmp_path / name) for _ in range(3)]
    assert len({*leftovers}) == 3
    for path in leftovers:
        path.write_bytes(b"half of")
    caplog.set_level("INFO")
    MediaFolder.open(tmp_path).remove_leftovers()
    assert list(tmp_path.iterdir()) == []
    assert all(str(path) in caplog.text for path in leftovers)


@pytest.mark.parametrize("name", [*NAMES, f"{NAMES[0]}.tmp", "notes.12345678.tmp", f"{NAMES[0]}.notes.tmp", "x.tmp"])
def test_everything_else_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"whole")
    MediaFolder.open(tmp_path).remove_leftovers()
    assert (tmp_path / name).read_bytes() == b"whole"
