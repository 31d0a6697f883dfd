"""The installer on the file system of another computer: the user is really made there. Needs root and systemd."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.systemd import install as installing

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users"),
    pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="there is no systemd"),
]


def test_the_user_of_the_services_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "checkout" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    monkeypatch.setattr(installing, "REPOSITORY", tmp_path / "checkout")
    monkeypatch.setattr(installing, "HIDDEN", ())
    (tmp_path / "etc").mkdir()
    installing.install(tmp_path)
    [user] = [line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("gym-mvp:")]
    assert user.split(":")[5:] == ["/var/lib/gym-mvp", "/usr/sbin/nologin"]
