"""What the entry of the weights says when something is wrong with this computer."""

import errno
import os
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from edge_service import fetch_model


def test_a_disk_that_is_full_is_named_by_the_folder_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fetch_model, "fetch", full)
    monkeypatch.setattr("sys.argv", ["fetch_model.py", "yolox_nano", "--models-dir", str(tmp_path)])
    with pytest.raises(UsageError) as refused:
        fetch_model.main()
    assert str(refused.value) == f"{tmp_path}: No space left on device; see --from and --models-dir"
