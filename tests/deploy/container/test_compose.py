"""The image and compose.yaml name what is there: flags of the programs, ports, volumes, files and variables."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit import config as streamlit_config

from backend_api import main as backend
from backend_api.base.process import REPOSITORY
from deploy.container.watched import WORKS, with_flags
from edge_service.options import parse_options as parse_edge
from mm_worker.options import parse_options as parse_worker

HERE = REPOSITORY / "deploy" / "container"
COMPOSE: dict[str, Any] = yaml.safe_load((HERE / "compose.yaml").read_text())
IMAGE = (HERE / "Containerfile").read_text()
EXAMPLE = (HERE / "example.env").read_text()
OWN = ("backend", "worker", "dashboard", "edge")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def filled_in(text: str) -> str:
    """`text` with each `${NAME:-default}` as with nothing in the environment."""
    return re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}", lambda found: found[1] or "", text)


def command(name: str) -> list[str]:
    """What runs in the service, with the flags of its environment."""
    words = [filled_in(word).replace("$$", "$") for word in SERVICES[name]["command"]]
    environment = {"GYM_FLAGS": filled_in(SERVICES[name]["environment"]["GYM_FLAGS"])}
    assert words.count("$GYM_FLAGS") == 1
    return with_flags(words[words.index("python") :], environment)


def test_four_processes_of_one_image_and_a_profile_for_a_chain() -> None:
    assert set(SERVICES) == {*OWN, "postgres", "bucket"}
    for name in OWN:
        assert "profiles" not in SERVICES[name]
        assert SERVICES[name]["build"] == {"context": "../..", "dockerfile": "deploy/container/Containerfile"}
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "user" not in SERVICES[name]  # the image's own
    assert {name for name in SERVICES if SERVICES[name].get("profiles") == ["chain"]} == {"postgres", "bucket"}


@pytest.mark.parametrize(
    ("name", "program", "parse"),
    [
        ("backend", "backend_api/main.py", backend._parse_options),
        ("worker", "mm_worker/worker.py", parse_worker),
        ("edge", "edge_service/main.py", parse_edge),
    ],
)
def test_the_programs_know_their_flags(
    name: str, program: str, parse: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GYM_VIDEO", "/data/sample.mp4")
    monkeypatch.setenv("GYM_DB", "/data/app.db")
    python, script, *flags = command(name)
    assert (python, script) == ("python", f"/app/{program}")
    assert (REPOSITORY / program).exists()
    monkeypatch.setattr(sys, "argv", [script, *flags])
    parse()


def test_streamlit_knows_the_dashboards_flags() -> None:
    python, *run, script, address, host, port, number = command("dashboard")
    assert ([python, *run], script) == (["python", "-m", "streamlit", "run"], "/app/ui/app.py")
    for flag in (address, port):
        streamlit_config.get_option(flag.removeprefix("--"))
    assert (host, number) == ("0.0.0.0", "8501")  # noqa: S104 - in its container


def test_ports_are_this_computers_alone_and_those_that_are_listened_on() -> None:
    ports = {name: filled_in(SERVICES[name]["ports"][0]) for name in SERVICES if "ports" in SERVICES[name]}
    assert ports == {"backend": "127.0.0.1:8000:8000", "dashboard": "127.0.0.1:8501:8501"}
    assert re.findall(r"^EXPOSE (.+)$", IMAGE, re.M) == ["8000 8501"]


def test_volumes_are_declared_and_data_lies_in_them() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert used == set(COMPOSE["volumes"])
    assert {filled_in(SERVICES[name]["volumes"][0]) for name in OWN} == {"data:/data"}
    assert re.findall(r"^VOLUME (.+)$", IMAGE, re.M) == ["/data"]


def test_every_variable_that_may_be_set_is_in_the_example_and_used() -> None:
    used = set(re.findall(r"\$\{(\w+)", (HERE / "compose.yaml").read_text()))
    given = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.M)) - {"COMPOSE_PROFILES"}
    named_elsewhere = {"IMAGE", "POSTGRES_IMAGE", "BUCKET_IMAGE", "AWS_REGION", "GYM_VLM_KEY", "GYM_TIME_ZONE"}
    assert used - named_elsewhere == given
    # A secret has no default.
    for name in ("GYM_API_KEY", "POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY"):
        assert re.search(rf"^(# )?{name}=$", EXAMPLE, re.M), name


def test_the_image_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+)$", IMAGE, re.M) for word in line.split()[:-1]]
    assert all((REPOSITORY / word).exists() for word in copied)
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - {"tests"}
    assert packages <= set(copied)
    assert re.findall(r"^USER (.+)$", IMAGE, re.M) == ["10001:10001"]
    assert re.findall(r"^HEALTHCHECK .*CMD (.+)$", IMAGE, re.M) == [f'["test", "-e", "{WORKS}"]']
    assert IMAGE.count("--require-hashes") == 1


def test_nothing_of_a_registry_is_fixed_in_it() -> None:
    """Mirrors and bases are arguments of the build; only the public names stand here."""
    for text in (IMAGE, (HERE / "compose.yaml").read_text()):
        assert "http://" not in re.sub(r"http://(backend|127\.0\.0\.1):8000", "", text)
        assert "https://" not in text


def test_the_example_is_no_file_of_secrets_that_git_would_keep() -> None:
    assert ".env" in Path(REPOSITORY / ".gitignore").read_text().splitlines()
