"""The doctor as a process, beside a running backend: exit codes, the report, errors in one line."""

import subprocess
from pathlib import Path
from uuid import UUID

import pytest
import requests

from backend_api.contract.media import clip_name
from backend_api.doctor import main
from tests.backend_api.events import make_event
from tests.processes import Running, free_port, refusal, script

pytestmark = pytest.mark.e2e


def flags(folder: Path) -> list[str]:
    return ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media")]


def doctor(folder: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    command = [*script("backend_api/doctor.py"), *flags(folder), *extra]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_examines_and_repairs_beside_a_backend_that_goes_on(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with Running([*script("backend_api/main.py"), *flags(tmp_path), "--port", str(port)]) as backend:
        backend.wait_for(address)
        orphan = tmp_path / "media" / clip_name(UUID(int=1))
        orphan.write_bytes(b"pictures")
        found = doctor(tmp_path, "--orphan-age-s", "0")
        assert (found.returncode, found.stderr) == (1, "")
        assert orphan.name in found.stdout
        assert orphan.exists()

        fixed = doctor(tmp_path, "--orphan-age-s", "0", "--fix")
        assert (fixed.returncode, len(fixed.stdout.splitlines())) == (0, 2)
        assert not orphan.exists()

        without_session = make_event()
        body = without_session.model_dump(mode="json")
        assert requests.post(f"{address}/events", json=body, timeout=60).status_code == 201
        found = doctor(tmp_path)
        assert found.returncode == 1
        assert str(without_session.event_id) in found.stdout
        assert backend.stop() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.db", "media"]


@pytest.mark.parametrize(
    ("extra", "culprit"),
    [([], "app.db"), (["--media-dir", "/nowhere"], "app.db"), (["--orphan-age-s", "-1"], "--orphan-age-s")],
)
def test_wrong_use_is_one_line(
    tmp_path: Path, extra: list[str], culprit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "media").mkdir()
    assert culprit in refusal(main, *flags(tmp_path), *extra)
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["media"]
