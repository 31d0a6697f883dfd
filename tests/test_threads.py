"""Each thread, task and signal of the processes: no error in one is lost, and no signal is slept through."""

import ast
from collections import Counter

from backend_api.base.process import REPOSITORY

# Why an error that nobody foresaw does not end the work without a word.
LASTS = "it is begun again (backend_api/base/lasting.py)"
AWAITED = "whoever waits for its result gets the error"
TOLD = "it is a failure like those that are foreseen, which is tried again"
TRIVIAL = "it does nothing that could fail"

THREADS: dict[str, dict[str, str]] = {
    "backend_api/alerts/post_office.py": {"ThreadPoolExecutor": TOLD},
    "backend_api/app.py": {
        "create_task": LASTS,
        "in_background 1": LASTS,
        "in_background 2": LASTS,
        "in_background 3": LASTS,
    },
    "backend_api/base/durable_files.py": {"ThreadPoolExecutor": AWAITED},
    "backend_api/base/lasting.py": {"ThreadPoolExecutor": LASTS},
    "backend_api/base/process.py": {"Thread": TRIVIAL},
    "backend_api/media/moving.py": {"ThreadPoolExecutor": AWAITED},
    "backend_api/media/retention.py": {"in_background": LASTS},
    "backend_api/store/group_commit.py": {"ThreadPoolExecutor": AWAITED},
    "backend_api/store/tidying.py": {"create_task": LASTS},
    "edge_service/clips/recorder.py": {"ThreadPoolExecutor": AWAITED},
    "edge_service/delivery/heartbeat.py": {"ThreadPoolExecutor": LASTS},
    "edge_service/delivery/sender.py": {"ThreadPoolExecutor": TOLD},
    "edge_service/pipeline/camera_threads.py": {"ThreadPoolExecutor": "the camera is started again"},
    "edge_service/video/live/recording.py": {"ThreadPoolExecutor": AWAITED},
    "edge_service/video/live/source.py": {"ThreadPoolExecutor": AWAITED},
    "edge_service/zones/follower.py": {"ThreadPoolExecutor": LASTS},
    "mm_worker/jobs/lease_renewal.py": {"ThreadPoolExecutor": AWAITED},
    "mm_worker/jobs/presence.py": {"in_background": LASTS},
    "mm_worker/worker.py": {"ThreadPoolExecutor": AWAITED},
    "ui/page_watch.py": {"Thread": LASTS},
}
MAKERS = {"ThreadPoolExecutor", "Thread", "Timer", "create_task", "ensure_future", "TaskGroup", "in_background"}
LASTING = {"keep_running", "keep_running_in_loop", "in_background"}


def names_used(tree: ast.AST) -> Counter[str]:
    """What is called, or handed on to be called, by its last name."""
    return Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def calls(tree: ast.AST) -> Counter[str]:
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return Counter(
        func.id if isinstance(func, ast.Name) else func.attr
        for func in called
        if isinstance(func, ast.Name | ast.Attribute)
    )


def test_each_thread_is_in_the_table_and_those_that_last_are_kept_running() -> None:
    found: dict[str, Counter[str]] = {}
    for folder in ("backend_api", "edge_service", "mm_worker", "ui"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = path.relative_to(REPOSITORY).as_posix()
            if made := Counter({maker: count for maker, count in calls(tree).items() if maker in MAKERS}):
                found[name] = made
            if LASTS in THREADS.get(name, {}).values():
                assert LASTING & names_used(tree).keys(), f"{name} has a thread that is to last, and nothing keeps it"
    table = {name: Counter(maker.split()[0] for maker in makers) for name, makers in THREADS.items()}
    assert found == table


def test_signals_are_heard_by_a_pipe_alone() -> None:
    """A handler of Python's own runs when the main thread comes to it, which may sleep by then, or hold a lock."""
    folders = ("backend_api", "edge_service", "mm_worker", "ui", "deploy")
    calling = {
        (path.relative_to(REPOSITORY).as_posix(), line.strip())
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "signal.signal(" in line
    }
    assert calling == {
        ("backend_api/base/process.py", "signal.signal(signum, lambda _signum, _frame: None)"),
        ("backend_api/doctor.py", "signal.signal(signal.SIGPIPE, signal.SIG_DFL)"),
        ("deploy/container/watched.py", "signal.signal(signum, handler)"),
    }
