"""Shared heaps: the C library takes the setting, and one that has none is left as it is."""

import ctypes
import subprocess
import sys

import pytest

from backend_api.base.process import REPOSITORY
from edge_service.pipeline.heaps import share_heaps

# Each thread takes memory that it keeps; glibc's own statistics count the heaps.
PROGRAM = """
import ctypes, sys, threading
from edge_service.pipeline.heaps import share_heaps
shared = sys.argv[1] == "shared" and share_heaps()
libc, together = ctypes.CDLL(None), threading.Barrier(12)
libc.malloc.restype = ctypes.c_void_p

def work():
    together.wait()
    for size in range(100, 5000, 100):
        libc.malloc(size)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(shared, flush=True)
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="this C library is not GNU's")
def test_threads_share_two_heaps() -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.startswith(str(how == "shared"))
        return done.stdout.count("<heap nr=")

    assert heaps("shared") <= 2 < heaps("apart")


def test_a_c_library_without_the_setting_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not share_heaps()
