"""Podman and buildah with a store of the tests' own, on a base that is no registry's: nothing is pulled."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from backend_api.base.process import REPOSITORY

BASE = "localhost/gym-test-base"
IMAGE = "localhost/gym-test"
COMPOSE = REPOSITORY / "deploy/container/compose.yaml"
# What podman takes from itself before it gives anything to a container.
_PROCESSES = 32768


class Containers:
    """What `podman`, `buildah` and `podman-compose` make in `folder`, which `remove` takes away again."""

    def __init__(self, folder: Path) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        # runc bears with both kinds of control groups; there need be no systemd to ask for them.
        (folder / "containers.conf").write_text(
            f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc={_PROCESSES}:{_PROCESSES}"]\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            f'tmp_dir = "{folder / "libpod"}"\n'
        )
        self._folder = folder
        self.environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
        self.environment["CONTAINERS_STORAGE_CONF"] = str(folder / "storage.conf")
        for driver in ("overlay", "vfs"):
            (folder / "storage.conf").write_text(
                f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
            )
            # Layers on top of each other where the kernel and the disk can; else whole copies.
            if (
                subprocess.run(["podman", "info"], env=self.environment, check=False, capture_output=True).returncode
                == 0
            ):
                break
        self.driver = driver

    def podman(self, *command: str, check: bool = True, timeout_s: float = 300) -> str:
        """What podman says; fails with what it complains of, unless it may fail."""
        return self._run(["podman", *command], check, timeout_s, self.environment)

    def complaints(self, *command: str) -> str:
        """What podman says on standard error, where the lines of processes come out, too."""
        done = subprocess.run(["podman", *command], env=self.environment, capture_output=True, text=True, check=True)
        return done.stderr

    def compose(self, env_file: Path, *command: str, timeout_s: float = 600) -> str:
        """What podman-compose says of the project's own compose.yaml, with the variables of `env_file`."""
        program = Path(sys.executable).with_name("podman-compose")
        whole = [str(program), "--file", str(COMPOSE), "--env-file", str(env_file), *command]
        return self._run(whole, True, timeout_s, {**self.environment, "IMAGE": IMAGE})

    def import_base(self, debian: Path) -> None:
        """Make BASE of the Debian in the folder."""
        leaving_out = ["--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists"]
        with subprocess.Popen(["tar", "-C", str(debian), *leaving_out, "-c", "."], stdout=subprocess.PIPE) as packing:
            command = ["podman", "import", "--quiet", "-", BASE]
            subprocess.run(command, env=self.environment, stdin=packing.stdout, check=True, capture_output=True)

    def build(self, wheels: Path) -> None:
        """Build IMAGE with buildah, without an engine, from BASE and the files in `wheels`."""
        command = ["buildah", "bud", "--isolation", "chroot", "--format", "docker", "--pull-never"]
        command += ["--build-arg", f"BASE={BASE}", "--build-arg", "PIP_NO_INDEX=1"]
        command += ["--build-arg", "PIP_FIND_LINKS=/wheels", "--volume", f"{wheels}:/wheels:ro"]
        command += ["--file", str(REPOSITORY / "deploy/container/Containerfile"), "--tag", IMAGE, str(REPOSITORY)]
        self._run(command, True, 1500, self.environment)

    def remove(self) -> None:
        """Everything, whatever runs."""
        self.podman("rm", "--all", "--force", "--time", "1", check=False)
        self.podman("volume", "prune", "--force", check=False)
        self.podman("network", "prune", "--force", check=False)
        self.podman("rmi", "--all", "--force", check=False)
        subprocess.run(["umount", str(self._folder / "graph" / self.driver)], check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: list[str], check: bool, timeout_s: float, environment: dict[str, str]) -> str:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=timeout_s, cwd=REPOSITORY
        )
        assert not check or done.returncode == 0, f"{command} gave {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout.strip()
