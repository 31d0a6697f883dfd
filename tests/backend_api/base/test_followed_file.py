"""A file that is followed: read again after a change of any kind, and not more often."""

import os
from pathlib import Path

import pytest

from backend_api.base.followed_file import FollowedFile
from backend_api.base.process import UsageError
from tests.fake_clock import FakeClock


def change_mode(path: Path, mode: int) -> None:
    """Until it shows: the time of a change is that of the system's last tick."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.chmod(mode)


def test_one_that_could_not_be_read_is_read_once_it_can_be(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text("first")

    def load() -> str:
        # Whoever runs the tests, root included, is refused.
        if not path.stat().st_mode & 0o400:
            raise UsageError(f"{path}: Permission denied")
        return path.read_text()

    followed = FollowedFile(path, load, clock.monotonic_s)
    path.write_text("the second")
    os.utime(path, (0, 0))
    change_mode(path, 0o200)
    clock.advance(0.9)
    assert not followed.is_due()
    clock.advance(0.1)
    assert followed.is_due()
    followed.read_again()
    assert followed.value == "first"
    assert "Permission denied; all stays as it was read before" in caplog.text
    change_mode(path, 0o600)
    clock.advance(1)
    assert followed.is_due()
    followed.read_again()
    assert followed.value == "the second"
    clock.advance(1)
    assert not followed.is_due()
