"""The house's order, read from the source: who may import whom, who may ask the time, and what a file looks like."""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY

# Each room and the rooms of the project that its files may import, besides itself. An arrow that is not here is wrong.
# A script (a file that lies directly in one of the folders) is a room of its own.
ROOMS: dict[str, str] = {
    # The backend: base and contract below, the store, then reports and media, then the API and the doctor's checks.
    "backend_api.base": "",
    "backend_api.contract": "",
    "backend_api.store.db": "base contract",
    "backend_api.store.db.migrations": "store.db",
    "backend_api.store.uses": "base contract store.db",
    "backend_api.store.ledger": "base contract store.db store.uses",
    "backend_api.store": "base contract store.db store.uses store.ledger",
    "backend_api.reports": "base contract store store.db store.uses",
    "backend_api.media": "base contract store store.db",
    "backend_api.alerts": "base contract store store.db store.ledger reports media",
    "backend_api.web": "base contract store store.db reports media",
    "backend_api.web.routes": "base contract store store.db store.uses store.ledger reports media alerts web",
    "backend_api.checks": "base contract store store.db store.uses reports media",
    "backend_api.snapshots": "base contract store store.db media",
    "backend_api.app": "base contract store store.db reports media alerts web web.routes",
    "backend_api.keys": "base contract web",
    "backend_api.move": "base store store.db media",
    "backend_api.main": "base contract store media alerts web app",
    "backend_api.doctor_options": "base contract media checks",
    "backend_api.doctor": "base contract store store.db media checks doctor_options",
    "backend_api.backup": "base media store.db snapshots",
    "backend_api.restore": "base media store.db snapshots",
    # The edge, in the order in which a frame travels.
    "edge_service.video": "@base",
    "edge_service.video.live": "@base video",
    "edge_service.weights": "@base",
    "edge_service.detection": "@base @contract video weights",
    "edge_service.tracking": "detection",
    "edge_service.rules": "@contract detection tracking",
    "edge_service.privacy": "@contract video detection tracking rules",
    "edge_service.clips": "@base @contract video detection tracking rules privacy",
    "edge_service.outbox": "@base @contract",
    "edge_service.delivery": "@base @contract outbox",
    "edge_service.zones": "@base @contract",
    "edge_service.pipeline": (
        "@base @contract video video.live detection tracking rules privacy clips outbox delivery"
    ),
    "edge_service.simulation": "video detection rules",
    "edge_service.evaluation": "@base @contract rules simulation",
    "edge_service.config": "@base @contract detection rules privacy clips outbox delivery",
    "edge_service.cameras": "@base video clips detection rules privacy config",
    "edge_service.options": "@base @contract video detection config",
    "edge_service.camera_run": (
        "@base @contract video detection tracking rules privacy clips outbox delivery pipeline simulation config"
    ),
    "edge_service.watched_camera": "@base @contract clips pipeline zones config camera_run",
    "edge_service.main": (
        "@base video detection clips delivery pipeline simulation zones config cameras options camera_run "
        "watched_camera"
    ),
    "edge_service.sample": "@base video detection rules simulation evaluation config",
    "edge_service.fetch_model": "@base weights",
    "edge_service.mask_stored": "@base @contract @media @store @store.db video detection privacy clips config cameras",
    "edge_service.evaluate": "@base @contract evaluation",
    # The worker: what is shown, who is asked, and the loop that does both.
    "mm_worker.frames": "@base @contract @media",
    "mm_worker.vlm": "@base @contract @store @store.db frames",
    "mm_worker.jobs": "@base @contract @store @store.db @media frames vlm",
    "mm_worker.options": "@base @media vlm",
    "mm_worker.worker": "@base @store @store.db @media vlm jobs options",
    "mm_worker.evaluate": "@base @contract @store @store.db @reports",
    # The dashboard: no page imports another.
    "ui.text": "@contract",
    "ui.client": "@base @contract text",
    "ui.widgets": "@base @contract client text",
    "ui.now": "@base @contract widgets client text",
    "ui.review": "@base @contract widgets client text",
    "ui.cleaning": "@base @contract widgets client text",
    "ui.usage": "@base @contract widgets client text",
    "ui.setup": "@base @contract widgets client text",
    "ui.views": "@base @contract now review cleaning usage setup widgets client text",
    "ui.dashboard": "@base widgets client text",
    "ui.origin_check": "@base",
    "ui.page_watch": "@base",
    "ui.wanted_page": "",
    "ui.app": "@base origin_check page_watch wanted_page widgets",
    # What starts the four processes together.
    "deploy.launcher": "@base",
    # What makes services of systemd's of them.
    "deploy.systemd": "@base",
    # What watches one of them in a container.
    "deploy.container": "@base",
}
FOLDERS = ("backend_api", "edge_service", "mm_worker", "ui", "deploy")
MODULES_SIDE_BY_SIDE = 25
MAX_LINES = 400
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
            of_a_package = _is_package(module)
            yield from (f"{module}.{alias.name}" for alias in node.names) if of_a_package else (module,)


def _is_package(module: str) -> bool:
    return module in FOLDERS or (module in ROOMS and (REPOSITORY / module.replace(".", "/")).is_dir())


def _room(module: str) -> str:
    """The room that `module` is or lies in, such as `backend_api.web.routes`; "" for a package's own `__init__`."""
    parts = module.split(".")
    return next((room for k in range(len(parts), 1, -1) if (room := ".".join(parts[:k])) in ROOMS), "")


def _may_import(room: str) -> set[str]:
    """The full names of the rooms that `room` may import; `@` stands for the backend's rooms."""
    folder = room.split(".")[0]
    return {room} | {
        f"backend_api.{name[1:]}" if name.startswith("@") else f"{folder}.{name}" for name in ROOMS[room].split()
    }


def _is_wrong(room: str, module: str) -> bool:
    """Whether a file in `room` may not import `module`: one of the project, its tests, or a relative one."""
    if module.startswith("."):
        return True
    if module.split(".")[0] not in (*FOLDERS, "tests"):
        return False
    return _room(module) not in _may_import(room)


def _module(path: Path) -> str:
    return _name(path.with_suffix("")).removesuffix("/__init__").replace("/", ".")


PROJECT = _sources(*FOLDERS)
EVERYTHING = [*PROJECT, *_sources("tests")]


def test_there_are_files_to_look_at() -> None:
    assert {path.relative_to(REPOSITORY).parts[0] for path in EVERYTHING} == {*FOLDERS, "tests"}


def test_every_import_is_an_arrow_of_the_table() -> None:
    modules = {_module(path): path for path in PROJECT if _module(path) not in FOLDERS}
    assert [module for module in modules if not _room(module)] == [], "these lie in no room of the table"
    wrong = {
        module: [name for name in _imported(_parse(path)) if _is_wrong(_room(module), name)]
        for module, path in modules.items()
    }
    assert {module: names for module, names in wrong.items() if names} == {}


def test_the_arrows_of_the_table_make_no_circle() -> None:
    """Raises graphlib.CycleError, which names the circle."""
    tuple(TopologicalSorter({room: _may_import(room) - {room} for room in ROOMS}).static_order())


def test_every_room_of_the_table_exists_and_says_what_it_is_for() -> None:
    places = [REPOSITORY / room.replace(".", "/") for room in ROOMS]
    sources = [place / "__init__.py" if place.is_dir() else place.with_suffix(".py") for place in places]
    assert [_name(source) for source in sources if not ast.get_docstring(_parse(source))] == []


def test_the_backend_imports_nobody_and_the_others_none_of_each_other() -> None:
    for room in ROOMS:
        folders = {name.split(".")[0] for name in _may_import(room)}
        assert folders <= {room.split(".")[0], "backend_api"}


def test_a_room_can_be_overlooked() -> None:
    modules = Counter(_name(path.parent) for path in PROJECT if path.name != "__init__.py")
    assert {room: count for room, count in modules.items() if count > MODULES_SIDE_BY_SIDE} == {}


def test_the_contract_knows_pydantic_and_the_standard_library_alone() -> None:
    imported = {name for path in _sources("backend_api/contract") for name in _imported(_parse(path))}
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name.split(".")[0] for name in others if _room(name) != "backend_api.contract"} <= {"pydantic"}


def test_no_name_hides_a_module_of_the_standard_library() -> None:
    names = {part.removesuffix(".py") for path in PROJECT for part in path.relative_to(REPOSITORY).parts}
    assert names & sys.stdlib_module_names == set()


def test_the_clock_alone_asks_the_time_and_sleeps() -> None:
    asking = {_name(path): _asked_of_time(_parse(path)) for path in PROJECT}
    assert asking.pop("backend_api/base/clock.py")
    assert {name: asked for name, asked in asking.items() if asked} == {}


def _asked_of_time(tree: ast.Module) -> set[str]:
    calls = {
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Name)) and _is_timing(node)
    }
    return calls | ({"time"} & set(_imported(tree)))


def _is_timing(node: ast.Attribute | ast.Name) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "sleep"
    return node.attr == "sleep" or (
        node.attr in ASKS_THE_TIME and isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    )


def test_the_first_line_says_which_idea_the_file_holds() -> None:
    texts = {_name(path): path.read_text(encoding="utf-8") for path in EVERYTHING}
    may_be_empty = {name for name in texts if name.endswith("/__init__.py")}
    firsts = {name: text.partition("\n")[0] for name, text in texts.items() if text or name not in may_be_empty}
    assert [name for name, first in firsts.items() if not re.match(r'"""[^\s"]', first)] == []


def test_a_type_that_several_files_share_is_said_once() -> None:
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in _sources(*FOLDERS):
        for node in _parse(path).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Annotated["):
                said[ast.unparse(node.targets[0]), ast.unparse(node.value)].append(_name(path))
    assert len(said) > 20
    assert {name: paths for (name, _), paths in said.items() if len(paths) > 1} == {}


def test_a_file_can_be_seen_whole() -> None:
    lines = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


@pytest.mark.parametrize(
    ("room", "source", "wrong"),
    [
        ("edge_service.pipeline", "from backend_api.store.store import Store", ["backend_api.store.store"]),
        ("edge_service.pipeline", "from backend_api import store", ["backend_api.store"]),
        ("edge_service.pipeline", "from backend_api import contract", []),
        ("edge_service.video", "from edge_service.rules.engine import RuleEngine", ["edge_service.rules.engine"]),
        ("ui.now", "import mm_worker.jobs.worker_loop as loop", ["mm_worker.jobs.worker_loop"]),
        ("ui.now", "from ui.usage import timeline", ["ui.usage.timeline"]),
        ("mm_worker.jobs", "from backend_api.store.store import Store", []),
        ("mm_worker.jobs", "def later():\n    from backend_api.main import app", ["backend_api.main"]),
        ("backend_api.web", "from edge_service.rules.engine import RuleEngine", ["edge_service.rules.engine"]),
        ("backend_api.contract", "from .events import Event", [".events"]),
        ("backend_api.web", "from tests.fake_clock import FakeClock", ["tests.fake_clock"]),
        ("backend_api.web", "import backend_apis", []),
    ],
)
def test_a_wrong_arrow_is_found(room: str, source: str, wrong: list[str]) -> None:
    assert [module for module in _imported(ast.parse(source)) if _is_wrong(room, module)] == wrong
