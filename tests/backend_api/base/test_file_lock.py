"""A lock on a file: one holds it, others are told or wait."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend_api.base.file_lock import FileLock


def test_one_holds_it_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with FileLock(path) as lock:
        with pytest.raises(BlockingIOError):
            FileLock(path)
        lock.close()
        FileLock(path).close()
    lock.close()
    assert path.exists()


def test_one_that_waits_says_so_and_has_it_next(tmp_path: Path) -> None:
    path, waits = tmp_path / "a.lock", threading.Event()
    with ThreadPoolExecutor(1) as executor:
        with FileLock(path, waits.set):
            assert not waits.is_set()
            second = executor.submit(FileLock, path, waits.set)
            assert waits.wait(60)
            assert not second.done()
        second.result(60).close()


def test_a_file_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        FileLock(tmp_path)
