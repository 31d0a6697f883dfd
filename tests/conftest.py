"""What several tests share: the sample, drawn once a run."""

import subprocess
from pathlib import Path

import pytest

from tests.processes import script

SAMPLE_DURATION_S = 60


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first minute of what `make run` draws."""
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    flags = ["--out", str(path), "--seed", "42", "--duration-s", str(SAMPLE_DURATION_S)]
    subprocess.run([*script("edge_service/sample.py"), *flags], check=True, timeout=300)
    return path
