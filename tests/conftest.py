"""What several tests share: the sample, drawn once a run, a browser, and what hypothesis is told."""

import gc
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from backend_api.store.store import Store
from edge_service.simulation.sample_video import METADATA
from tests.browser import running_browser
from tests.edge_service.tiny_videos import draw_video
from tests.fake_clock import FakeClock
from tests.once import made_once
from tests.postgres import Server
from tests.processes import script
from tests.seaweed import BucketServer

# A computer that stands still says nothing of the code, and examples that share a fixture are written for it.
_PATIENT = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("patient", deadline=None, suppress_health_check=_PATIENT, max_examples=50)
# `make chaos` asks for this one.
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=500)
settings.load_profile("patient")
# Tests make and drop much. Looking for circles after every 700 objects more is a tenth of their time.
gc.set_threshold(20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes first: they wait while other tests compute, and a run that ends with quick tests ends at once."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


def pytest_collection_finish() -> None:
    """What was collected stays: looking for circles in it, again and again, finds nothing."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard() -> None:
    """`nohup` and a shell's `&` have them ignored, and started processes inherit that; a handler's work they do not."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of what `make run` draws, in which somebody comes and uses a machine."""
    return made_once(tmp_path_factory, "sample.mp4", lambda path: draw(path, 20))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for all tests of this process; pages are opened in it by tests/browser.py.

    As long as it runs, playwright's event loop counts as running: tests have theirs by tests/own_loop.py.
    """
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """A real server of buckets, one for all processes of a run."""
    own = tmp_path_factory.getbasetemp()
    with closing(BucketServer(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The tests' own PostgreSQL server; skips or fails where there is none."""
    folder = tmp_path_factory.getbasetemp()
    # All processes of a run have theirs in one folder.
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with closing(Server(shared, lambda url: Store.open(url, FakeClock(), create=True).close())) as server:
        yield server


@pytest.fixture(scope="session")
def tiny_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of tiny pictures with the sample's mark: what the mocked detector sees is not in pictures anyway."""
    return made_once(
        tmp_path_factory,
        "tiny.mp4",
        lambda path: draw_video(path, size=(320, 180), rate=Fraction(10), seconds=60, key_every=10, metadata=METADATA),
    )


@pytest.fixture(scope="session")
def whole_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make run` draws."""
    return made_once(tmp_path_factory, "whole.mp4", lambda path: draw(path, 120))


def draw(path: Path, duration_s: int) -> None:
    """`duration_s` seconds of the mocked gym, by the script that users call."""
    flags = ["--out", str(path), "--seed", "42", "--duration-s", str(duration_s)]
    subprocess.run([*script("edge_service/sample.py"), *flags], check=True, timeout=300)
