"""The papers say what the code has, and nothing that it no longer has: flags, keys, routes, metrics, variables, files.

Every list comes from the code itself: flags from each script's help, routes and metrics from a running backend,
configuration keys from what the edge names when it refuses an unknown one.
"""

import copy
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import yaml

from backend_api.base.process import REPOSITORY, UsageError
from edge_service.config import load_config
from tests.processes import Running, free_port, help_of, script

PAPERS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
DECISIONS = [path for path in PAPERS if path.parent.name == "decisions" and path.name != "README.md"]
# What changed tells of what is gone, too, and decisions of what was turned down.
OF_TODAY = [path for path in PAPERS if path.name != "CHANGELOG.md" and path not in DECISIONS]
# First folders of absolute paths (Filesystem Hierarchy Standard 3.0, without `media`, and a container's volume): these
# are no routes.
SYSTEM_FOLDER = re.compile(r"/(bin|boot|data|dev|etc|home|lib|mnt|opt|proc|root|run|srv|sys|tmp|usr|var)(/|$)")


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def _wrong(papers: Iterable[Path], find: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """What `find` finds wrong in each of `papers`, by the paper's name; empty when all is well."""
    return {_name(path): sorted(found) for path in papers if (found := set(find(path)))}


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _all_of_today() -> str:
    return "\n".join(_text(path) for path in OF_TODAY)


def _blocks(text: str) -> list[str]:
    """The lines of code blocks, fenced or indented, joined where a backslash continues them."""
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    indented = re.findall(r"^ {4}(?! *[-*] ) *(\S.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return "\n".join([*fenced, *indented]).replace("\\\n", " ").splitlines()


def _spans(text: str) -> list[str]:
    """What stands in backticks within the prose."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


# Flags


def _scripts() -> list[str]:
    """Every file that is run by itself and takes flags, as a path from the repository."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*/*.py"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return [f for f in files if not f.startswith("tests/") and "\n    run_process(main)" in _text(REPOSITORY / f)]


@cache
def _flags(path: str) -> frozenset[str]:
    help_text = help_of(path)
    return frozenset(re.findall(r"^  (?:-\w, )?(--[a-z][a-z0-9-]*)", help_text, re.M)) - {"--help"}


@pytest.mark.parametrize("path", _scripts())
def test_every_flag_stands_in_the_section_of_its_script(path: str) -> None:
    sections = re.split(r"^### ", _text(REPOSITORY / "docs" / "reference.md"), flags=re.M)
    matching = [section for section in sections if f"`python {path}`" in section.splitlines()[0]]
    assert len(matching) == 1, f"docs/reference.md needs one section whose title names `python {path}`"
    documented = set(re.findall(r"^\| `(--[a-z0-9-]+)", matching[0], re.M))
    documented |= set(re.findall(r" or `(--[a-z0-9-]+)", matching[0]))
    assert documented == _flags(path)


def _commands(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each command of a script of ours in `text`, and the flags that it is given."""
    for code in [*_blocks(text), *_spans(text)]:
        for part in re.split(r"[;|&]+|\s#\s", code):
            if found := re.search(r"\bpython3? (\S+\.py)(.*)", part):
                # In a container the project's folder is /app.
                yield found.group(1).removeprefix("/app/"), set(re.findall(r"(?<=\s)--[a-z][a-z0-9-]*", found.group(2)))


def test_no_command_has_a_flag_that_is_gone() -> None:
    def gone(path: Path) -> Iterator[str]:
        for program, flags in _commands(_text(path)):
            known = _flags(program) if program in _scripts() else set()
            yield from (f"{program} {flag}" for flag in flags - known - {"--help"})
            if program not in _scripts():
                yield program

    assert _wrong(OF_TODAY, gone) == {}


def test_no_flag_is_named_that_is_gone() -> None:
    known = frozenset().union(*(_flags(program) for program in _scripts())) | {"--help"}
    assert _wrong(OF_TODAY, lambda path: _named_flags(_text(path)) - known) == {}


def _named_flags(text: str) -> set[str]:
    return {span.split()[0].split("=")[0] for span in _spans(text) if span.startswith("--")}


# Configuration keys


def _known_keys(folder: Path, *place: str | int) -> list[str]:
    """The keys that the configuration may have at `place`; none where it is no section."""
    config = copy.deepcopy(yaml.safe_load(_text(REPOSITORY / "edge_service" / "config.yaml")))
    part = config
    for step in place[:-1]:
        part = part[step] if isinstance(step, int) else part.setdefault(step, {})
    if place and not isinstance(place[-1], int):
        part[place[-1]] = {"no_such_key": 1}
    else:
        (part[place[-1]] if place else config)["no_such_key"] = 1
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(UsageError) as refusal:
        load_config(file)
    found = re.search(r"no_such_key.*known here are (.+)$", str(refusal.value))
    return found.group(1).split(", ") if found else []


def _key_paths(folder: Path, *place: str | int) -> Iterator[tuple[str, ...]]:
    for key in _known_keys(folder, *place):
        inner = (*place, key)
        yield tuple(step for step in inner if isinstance(step, str))
        yield from _key_paths(folder, *inner)
        if key == "machines":
            yield from _key_paths(folder, key, 0)


def _config_keys(folder: Path) -> set[str]:
    """Every key with the section that it stands in, such as `rules.enter_s`."""
    return {".".join(path[-2:]) for path in _key_paths(folder)}


def test_every_configuration_key_is_documented(tmp_path: Path) -> None:
    keys = _config_keys(tmp_path)
    assert {"machines.zone", "rules.enter_s", "anchor.overlap"} <= keys
    documented = re.findall(r"^\| `([a-z_.]+)` \|", _section("Configuration keys"), re.M)
    assert set(documented) == keys


def _section(title: str) -> str:
    reference = _text(REPOSITORY / "docs" / "reference.md")
    return reference.split(f"\n## {title}\n")[1].split("\n## ")[0]


# Routes, metrics, environment variables


@dataclass(frozen=True, slots=True)
class Backend:
    """What a running backend says of itself: routes as `GET /events`, metrics, and the names in its schemas."""

    routes: frozenset[str]
    metrics: frozenset[str]
    fields: frozenset[str]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    folder, port = tmp_path_factory.mktemp("papers"), free_port()
    command = [*script("backend_api/main.py"), "--db", str(folder / "app.db"), "--port", str(port)]
    with Running(command) as process:
        process.wait_for("listening")
        with urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=30) as answer:
            described = json.load(answer)
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            metrics = re.findall(r"^# TYPE (\w+) ", answer.read().decode(), re.M)
        process.stop()
    return Backend(
        frozenset(f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods),
        frozenset(name for name in metrics if not name.endswith("_created")),
        frozenset(
            f"{name.lower()}.{field}"
            for name, schema in described["components"]["schemas"].items()
            for field in schema.get("properties", {})
        ),
    )


@pytest.mark.e2e
def test_every_route_is_documented(backend: Backend) -> None:
    documented = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", _section("Routes"), re.M))
    assert documented == backend.routes


@pytest.mark.e2e
def test_no_route_is_named_that_is_gone(backend: Backend) -> None:
    own = {"/docs", "/openapi.json", "/redoc"}
    known = {re.compile(re.sub(r"\{\w+\}", r"[^/\\s]+", route.split()[1]) + r"/?") for route in backend.routes}

    def is_known(route: str) -> bool:
        return route in own or any(pattern.fullmatch(route) for pattern in known)

    named = {path: _named_routes(_text(path)) for path in OF_TODAY}
    assert _wrong(OF_TODAY, lambda path: (route for route in named[path] if not is_known(route))) == {}


def _named_routes(text: str) -> Iterator[str]:
    for code in [*_blocks(text), *_spans(text)]:
        for address in re.findall(r"http://(?:127\.0\.0\.1|BACKEND):8\d{3}/[^\s'\"`)>]+", code):
            yield urlsplit(address).path
        yield from re.findall(r"\b(?:GET|HEAD|POST|PUT|DELETE|PATCH) (/[^\s'\"`?]+)", code)
    for span in _spans(text):
        if re.fullmatch(r"/[a-z]+(/[\w.{}-]+)*", span) and not SYSTEM_FOLDER.match(span):
            yield span


@pytest.mark.e2e
def test_every_metric_is_documented(backend: Backend) -> None:
    # A counter's samples end in _total, which its TYPE line of this format has as well.
    assert set(re.findall(r"^\| `(gym_\w+)` \|", _section("Metrics"), re.M)) == backend.metrics


@pytest.mark.e2e
def test_no_metric_is_named_that_is_gone(backend: Backend) -> None:
    made_up = set(re.findall(r"--store-id (gym_\w+)", _all_of_today()))

    def gone(path: Path) -> set[str]:
        named = set(re.findall(r"\bgym_[a-z_]+\b", _text(path))) - made_up
        return {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} - backend.metrics

    assert _wrong(OF_TODAY, gone) == {}


@pytest.mark.e2e
def test_no_configuration_key_is_named_that_is_gone(backend: Backend, tmp_path: Path) -> None:
    keys = _config_keys(tmp_path)
    sections = {key.split(".")[0] for key in keys if "." in key}
    # Fields of the API look alike: `clip.gaps`. Its schema is ClipInfo.
    fields = {re.sub(r"^(\w+?)info\.", r"\1.", field) for field in backend.fields}

    def gone(path: Path) -> set[str]:
        named = {span for span in _spans(_text(path)) if re.fullmatch(r"[a-z_]+\.[a-z_]+", span)}
        return {span for span in named if span.split(".")[0] in sections} - keys - fields

    assert _wrong(OF_TODAY, gone) == {}


def _variables_in_code() -> set[str]:
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    code = [REPOSITORY / f for f in files if not f.endswith((".md", ".png")) and f != _name(Path(__file__))]
    found: set[str] = set()
    for file in code:
        if file.is_file():
            found |= set(re.findall(r"\bGYM_[A-Z]+(?:_[A-Z]+)*\b", file.read_text(encoding="utf-8", errors="replace")))
    return found


def test_every_environment_variable_is_documented() -> None:
    assert set(re.findall(r"^\| `(GYM_\w+)` \|", _section("Environment variables"), re.M)) == _variables_in_code()


def test_no_environment_variable_is_named_that_is_gone() -> None:
    known = _variables_in_code()
    named = re.compile(r"\bGYM_[A-Z]+(?:_[A-Z]+)*\b")
    assert _wrong(OF_TODAY, lambda path: set(named.findall(_text(path))) - known) == {}


# Files, links, commands of make


def _anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", _text(path), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere() -> None:
    def lost(path: Path) -> list[str]:
        return [target for target in _links(_text(path)) if not _leads_somewhere(path, target)]

    assert _wrong(PAPERS, lost) == {}


def _links(text: str) -> list[str]:
    """Where links within the project lead, pictures included."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", target)]


def _leads_somewhere(path: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    found = (path.parent / file).resolve() if file else path
    return found.exists() and (not anchor or anchor in _anchors(found))


def test_every_named_file_is_there() -> None:
    assert _wrong(OF_TODAY, lambda path: [word for word in _named_files(_text(path)) if not _is_there(word)]) == {}


def _named_files(text: str) -> Iterator[str]:
    """Paths that begin with one of the project's folders, and names of source files."""
    folders = {file.name for file in REPOSITORY.iterdir() if file.is_dir()} - {"data"}
    for span in _spans(text):
        word = span.split(":")[0]
        is_path = re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", word) and word.split("/")[0] in folders and "/" in word
        if is_path or re.fullmatch(r"\w+\.(py|js|css)", word):
            yield word


# What the papers say how to make.
MADE_BY_READERS = {"deploy/container/.env"}


def _is_there(word: str) -> bool:
    return (
        word in MADE_BY_READERS
        or any(REPOSITORY.glob(word.rstrip("/")))
        or ("/" not in word and any(REPOSITORY.glob(f"[!.]*/**/{word}")))
    )


def test_every_make_command_is_there() -> None:
    makefile = _text(REPOSITORY / "Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    variables = {f"{name}=" for name in re.findall(r"^([A-Z_]+) ?[:?]?=", makefile, re.M)}
    assert _wrong(OF_TODAY, lambda path: _make_words(_text(path)) - targets - variables) == {}


def _make_words(text: str) -> set[str]:
    """Targets such as `run` and variables such as `PORT=` of all calls of make."""
    calls = [
        found.group(1)
        for code in [*_blocks(text), *_spans(text)]
        for found in re.finditer(r"(?:^|&& |; )make((?: [A-Za-z_-]+(?:=\S*)?)+)", code)
    ]
    return {re.sub(r"=.*", "=", word) for call in calls for word in call.split()}


def test_every_variable_of_make_run_is_documented() -> None:
    variables = set(re.findall(r"\$\(call quoted,([A-Z_]+)\)", _text(REPOSITORY / "Makefile")))
    assert set(re.findall(r"^\| `--[a-z -]+ [A-Z]+` \| `([A-Z_]+)` \|", _section("Flags"), re.M)) == variables


def test_every_package_has_its_reason() -> None:
    table = _text(REPOSITORY / "docs" / "architecture.md").split("\n## Dependencies\n")[1].split("\n## ")[0]
    reasons = {name for row in re.findall(r"^\| ([a-z, -]+) \| \w", table, re.M) for name in row.split(", ")}
    required = set(re.findall(r"^([a-z-]+)[~=>]", _text(REPOSITORY / "requirements.txt"), re.M))
    assert reasons - {"package"} == required


def test_every_program_that_ci_installs_is_named_for_newcomers() -> None:
    script = _text(REPOSITORY / ".ci" / "run")
    packages = set(re.findall(r"\w+:([a-z0-9-]+)", script.split("for pair in")[1].split(";")[0])) - {"make"}
    for prefix, names in re.findall(r" ([a-z0-9.-]+-)\{([a-z,]+)\}", script):
        packages |= {prefix + name for name in names.split(",")}
    packages |= set(re.findall(r"missing\+=\((.+)\)$", script, re.M)[-1].split()[:2])
    assert packages >= {"ffmpeg", "chromium", "python3-gi", "gstreamer1.0-plugins-good"}
    installs = " ".join(line for line in _blocks(_text(REPOSITORY / "README.md")) if "apt-get install" in line)
    assert packages - set(installs.split()) == set()


# Whatever is searched above would be found


def test_what_is_gone_would_be_found() -> None:
    text = """
Prose with `--gone`, `--gone=1 and more`, `gone.py`, `edge_service/gone.yaml`, `/gone/{event_id}`,
[a page](docs/gone.md), [a title](README.md#gone), `make gone`, `GET /gone`.

    python edge_service/main.py --gone 1 | python nowhere.py --away
    make run GONE=1 && make never
    curl 'http://127.0.0.1:8000/away?x=1' http://BACKEND:8000/far/ID

```
python3 backend_api/main.py --fenced
```
"""
    assert _named_flags(text) == {"--gone"}
    expected = {"edge_service/main.py": {"--gone"}, "nowhere.py": {"--away"}, "backend_api/main.py": {"--fenced"}}
    assert dict(_commands(text)) == expected
    assert [word for word in _named_files(text) if not _is_there(word)] == ["gone.py", "edge_service/gone.yaml"]
    assert sorted(_named_routes(text)) == ["/away", "/far/ID", "/gone", "/gone/{event_id}"]
    assert [target for target in _links(text) if not _leads_somewhere(REPOSITORY / "README.md", target)] == _links(text)
    assert _make_words(text) == {"gone", "run", "GONE=", "never"}
