"""A server of buckets of the tests' own, SeaweedFS: one for all processes of a run, which ends with the last of them.

Each process holds a shared lock of the kernel's as long as it lives. The keeper of the server waits for that lock
alone, ends the server then, and removes its folder, also when the tests were killed.
"""

import fcntl
import json
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from tests.processes import eventually, free_port
from tests.requirements import need_weed

KEYS = {
    "AWS_ACCESS_KEY_ID": "key-of-tests",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anybody",
    "AWS_REGION": "us-east-1",
}
BUCKET = "gym-tests"
_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)
# What is behind the names are its parameters: the lock, the folder, and the server's command.
_KEEPER = """
used=$1 folder=$2; shift 2
"$@" >"$folder/log" 2>&1 & server=$!
exec 9>>"$used"; flock -x 9
kill $server; wait $server; rm -rf "$folder" "$used"
"""


class BucketServer:
    """The server, from this process's point of view; `endpoint` is its address."""

    def __init__(self, shared: Path) -> None:
        """`shared` is a folder that all processes of a run know. Skips or fails where SeaweedFS is missing."""
        weed = need_weed()
        # As long as this is open, the server is kept.
        self._used = (shared / "weed.used").open("a")
        fcntl.flock(self._used, fcntl.LOCK_SH)
        address = shared / "weed.address"
        with (shared / "weed.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not address.exists():
                address.write_text(_start(weed, shared / "weed.used"))
            self.endpoint = address.read_text()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use it."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.endpoint}

    def close(self) -> None:
        """Let the server go."""
        self._used.close()


def _start(weed: str, used: Path) -> str:
    folder = Path(tempfile.mkdtemp(prefix="gym-weed-"))
    command, endpoint = serve_command(weed, folder)
    keeping = ["setsid", "--fork", "sh", "-c", _KEEPER, "-", str(used), str(folder), *command]
    subprocess.run(keeping, check=True, cwd="/", stdin=subprocess.DEVNULL, timeout=60, close_fds=True)
    eventually(lambda: answers(endpoint) or None, f"an answer of SeaweedFS, whose log is {folder / 'log'}")
    return endpoint


def serve_command(weed: str, folder: Path) -> tuple[list[str], str]:
    """What serves buckets that lie in `folder` at free ports of this computer; also the endpoint."""
    may = {"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}
    config = {"identities": [{"name": "tests", "credentials": [may], "actions": ["Admin", "Read", "Write", "List"]}]}
    (folder / "s3.json").write_text(json.dumps(config))
    ports = {name: free_port() for name in _PORTS}
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    # It reports home unless it is told not to; and a bucket takes whole volumes of the disk.
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder / 's3.json'}"]
    command += ["-volume.max=20", "-master.volumeSizeLimitMB=64"]
    return command, f"http://127.0.0.1:{ports['s3.port']}"


def answers(endpoint: str) -> bool:
    """Whether the server at `endpoint` is there."""
    try:
        with urllib.request.urlopen(f"{endpoint}/status", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
