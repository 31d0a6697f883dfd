"""The house's order, read from the source: who may import whom, who may ask the time, and what a file looks like."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY

CONTRACT = tuple(f"backend_api.{path.stem}" for path in sorted((REPOSITORY / "backend_api").glob("contract*.py")))
SHARED = (*CONTRACT, "backend_api.base.clock", "backend_api.base.process")
# What each folder may import of the project besides itself.
ALLOWED: dict[str, tuple[str, ...]] = {
    "backend_api": (),
    "edge_service": SHARED,
    "mm_worker": (*SHARED, "backend_api.store.store", "backend_api.media.folder", "backend_api.reports.agreement"),
    "ui": SHARED,
}
MAX_LINES = 260
ASKS_THE_TIME = {"now", "utcnow", "today"}


def _sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Every module that `tree` imports, by full name; a relative import keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names) if module in ALLOWED else (module,)


def _is_or_lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _forbidden(folder: str, module: str) -> bool:
    """Whether a file in `folder` may not import `module`."""
    if module.startswith("."):
        return True
    if not any(_is_or_lies_in(module, package) for package in (*ALLOWED, "tests")):
        return False
    return not any(_is_or_lies_in(module, package) for package in (folder, *ALLOWED[folder]))


PROJECT = _sources(*ALLOWED)
project_files = pytest.mark.parametrize("path", PROJECT, ids=_name)
all_files = pytest.mark.parametrize("path", [*PROJECT, *_sources("tests")], ids=_name)


@project_files
def test_all_arrows_point_to_backend_api(path: Path) -> None:
    folder = path.relative_to(REPOSITORY).parts[0]
    assert [module for module in _imported(_parse(path)) if _forbidden(folder, module)] == []


@pytest.mark.parametrize("module", CONTRACT)
def test_the_contract_knows_pydantic_and_the_standard_library_alone(module: str) -> None:
    imported = {
        name
        for name in _imported(_parse(REPOSITORY / f"{module.replace('.', '/')}.py"))
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert imported <= {"pydantic", *CONTRACT}


@project_files
def test_no_name_hides_a_module_of_the_standard_library(path: Path) -> None:
    names = {part.removesuffix(".py") for part in path.relative_to(REPOSITORY).parts}
    assert names & sys.stdlib_module_names == set()


@project_files
def test_the_clock_alone_asks_the_time_and_sleeps(path: Path) -> None:
    if _name(path) == "backend_api/base/clock.py":
        return
    tree = _parse(path)
    calls = {
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Name)) and _is_timing(node)
    }
    assert calls | ({"time"} & set(_imported(tree))) == set()


def _is_timing(node: ast.Attribute | ast.Name) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "sleep"
    return node.attr == "sleep" or (
        node.attr in ASKS_THE_TIME and isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    )


@all_files
def test_the_first_line_says_which_idea_the_file_holds(path: Path) -> None:
    if path.stat().st_size == 0 and path.name == "__init__.py":
        return
    first = _parse(path).body[0]
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    assert isinstance(first.value.value, str)
    assert first.lineno == 1
    assert first.value.value.splitlines()[0].strip()


@all_files
def test_a_file_can_be_seen_whole(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    ("folder", "source", "found"),
    [
        ("edge_service", "from backend_api.store.store import Store", ["backend_api.store.store"]),
        ("edge_service", "from backend_api import store", ["backend_api.store.store"]),
        ("edge_service", "from backend_api import contract", []),
        ("ui", "import mm_worker.jobs.worker_loop as loop", ["mm_worker.jobs.worker_loop"]),
        ("mm_worker", "from backend_api.store.store import Store", []),
        ("mm_worker", "def later():\n    from backend_api.main import app", ["backend_api.main"]),
        ("backend_api", "from edge_service.rules.engine import RuleEngine", ["edge_service.rules.engine"]),
        ("backend_api", "from .contract import Event", [".contract"]),
        ("backend_api", "from tests.fake_clock import FakeClock", ["tests.fake_clock"]),
        ("backend_api", "import backend_apis", []),
    ],
)
def test_a_wrong_arrow_is_found(folder: str, source: str, found: list[str]) -> None:
    assert [module for module in _imported(ast.parse(source)) if _forbidden(folder, module)] == found
