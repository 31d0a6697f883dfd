"""Making, listing and removing keys: what is printed once opens the backend, and the file holds no key."""

import logging
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError, UsageError
from backend_api.contract.people import Role
from backend_api.keys import log as keys_log
from backend_api.keys import main
from backend_api.web.auth import Keys
from backend_api.web.keys_file import MAX_KEYS, load_keys
from tests.backend_api.web.keys import entry, write_keys


def run(path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), *arguments])
    assert main() == 0


def test_a_key_is_shown_once_and_kept_as_its_hash(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "new" / "keys.yaml"
    printed = {}
    for name, role, stores in (("edge", "edge", ()), ("desk", "viewer", ("gym_demo", "gym_2"))):
        run(path, monkeypatch, "--add", name, "--role", role, *(part for one in stores for part in ("--store", one)))
        printed[name] = capsys.readouterr().out.strip()
    assert len(set(printed.values())) == 2
    keys = Keys.of([], [], {}, load_keys(path))
    edge, desk = (keys.find(f"Bearer {key}".encode()) for key in printed.values())
    assert edge is not None
    assert desk is not None
    assert (edge.name, edge.role, edge.stores) == ("edge", Role.EDGE, None)
    assert (desk.name, desk.role, desk.stores) == ("desk", Role.VIEWER, frozenset({"gym_demo", "gym_2"}))
    run(path, monkeypatch, "--list")
    listed = capsys.readouterr().out
    assert listed == "edge: edge, all stores\ndesk: viewer, gym_demo, gym_2\n"
    for key in printed.values():
        assert len(key) > 40  # 256 bits in base64
        assert key not in path.read_text() + caplog.text + listed


def test_a_key_is_removed_and_comments_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_keys(
        tmp_path / "keys.yaml", "  # the one at the door\n", entry("door", Role.FIGURES), entry("old", Role.EDGE)
    )
    run(path, monkeypatch, "--remove", "old")
    assert [one.name for one in load_keys(path)] == ["door"]
    assert "# the one at the door" in path.read_text()
    run(path, monkeypatch, "--remove", "door")
    run(path, monkeypatch, "--add", "new")
    assert [(one.name, one.role) for one in load_keys(path)] == [("new", Role.VIEWER)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_with_sudo_the_file_stays_the_backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, 4321, 4322)
    path = tmp_path / "keys.yaml"

    def owner_and_mode() -> tuple[int, int, int]:
        found = path.stat()
        return found.st_uid, found.st_gid, found.st_mode & 0o777

    run(path, monkeypatch, "--add", "first")
    assert owner_and_mode()[:2] == (4321, 4322)
    os.chown(path, 0, 4322)
    path.chmod(0o640)
    run(path, monkeypatch, "--add", "second")
    run(path, monkeypatch, "--remove", "first")
    assert owner_and_mode() == (0, 4322, 0o640)
    lock = (tmp_path / "keys.yaml.lock").stat()
    assert (lock.st_uid, lock.st_gid) == (4321, 4322)


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--add", "door"], "give another name"),
        (["--add", "e", "--role", "edge", "--store", "gym"], "leave --store out"),
        (["--add", "a b"], "is no name"),
        (["--add", "x", "--store", "../x"], "is no name"),
        (["--add", "x", "--role", "boss"], "--help"),
        (["--remove", "nobody"], "--list shows"),
        (["--list", "--role", "viewer"], "go with --add"),
        ([], "--help"),
    ],
)
def test_a_mistake_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], cure: str
) -> None:
    path = write_keys(tmp_path / "keys.yaml", entry("door", Role.FIGURES))
    before = path.read_bytes()
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), *arguments])
    with pytest.raises(UsageError, match=cure):
        main()
    assert path.read_bytes() == before


def test_without_a_file_nothing_is_removed_and_nothing_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "keys.yaml"
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), "--remove", "door"])
    with pytest.raises(UsageError, match="No such file"):
        main()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := tmp_path / "keys.yaml").write_text("keys: [")
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), "--add", "x"])
    with pytest.raises(UsageError, match=r"keys\.yaml:1"):
        main()
    assert path.read_text() == "keys: ["


def test_no_more_keys_than_the_backend_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_keys(tmp_path / "keys.yaml", *(entry(f"key{number}", Role.VIEWER) for number in range(MAX_KEYS)))
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), "--add", "x"])
    with pytest.raises(UsageError, match="can have no more"):
        main()


def test_of_two_runs_at_once_both_change_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = write_keys(tmp_path / "keys.yaml", entry("old", Role.EDGE))
    is_writing, may_write = threading.Event(), threading.Event()
    replace = Disk.replace

    def slow(disk: Disk, target: Path, data: bytes) -> None:
        is_writing.set()
        assert may_write.wait(60)
        replace(disk, target, data)

    with monkeypatch.context() as first, ThreadPoolExecutor(1) as executor:
        first.setattr(sys, "argv", ["keys.py", "--keys", str(path), "--add", "first"])
        first.setattr(Disk, "replace", slow)
        running = executor.submit(main)
        assert is_writing.wait(60)
        # The second one has to wait: the first one goes on as soon as that is said.
        tell = keys_log.info

        def tell_and_go_on(*said: object) -> None:
            tell(*said)
            may_write.set()

        first.setattr(keys_log, "info", tell_and_go_on)
        run(path, monkeypatch, "--remove", "old")
        assert running.result(60) == 0
    assert [one.name for one in load_keys(path)] == ["first"]
    assert f"another run changes {path}: waiting for its end" in caplog.text


def test_a_lock_that_cannot_be_made_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_keys(tmp_path / "keys.yaml", entry("old", Role.EDGE))
    (tmp_path / "keys.yaml.lock").mkdir()
    monkeypatch.setattr(sys, "argv", ["keys.py", "--keys", str(path), "--remove", "old"])
    with pytest.raises(FatalError, match=r"keys\.yaml\.lock: .*let this user write there"):
        main()
