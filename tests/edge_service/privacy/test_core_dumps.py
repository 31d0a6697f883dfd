"""A process that holds pictures leaves no dump of its memory."""

import subprocess
import sys

from backend_api.base.process import REPOSITORY

PROGRAM = (
    "from edge_service.privacy.core_dumps import forbid_core_dumps; import resource; forbid_core_dumps();"
    " print(resource.getrlimit(resource.RLIMIT_CORE))"
)


def test_no_core_is_dumped_neither_to_a_file_nor_to_a_program() -> None:
    for limits in ("ulimit -S -c unlimited", "ulimit -c 0"):
        command = f'{limits}; exec "$0" -c "$1"'
        said = subprocess.run(
            ["sh", "-c", command, sys.executable, PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() in {"(1, 1)", "(0, 0)"}
