"""What is made once a run is made once, and whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.once import made_once


def test_whoever_asks_first_makes_it_and_all_get_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    made: list[Path] = []
    name = f"{uuid4()}.txt"

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("whole")

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: made_once(tmp_path_factory, name, make), range(8)))
    assert (len(made), len(set(paths))) == (1, 1)
    assert paths[0].read_text() == "whole"
    assert paths[0] != made[0]


def test_what_failed_is_made_anew(tmp_path_factory: pytest.TempPathFactory) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left")

    name = f"{uuid4()}.txt"
    with pytest.raises(OSError, match="no space left"):
        made_once(tmp_path_factory, name, fail)
    assert made_once(tmp_path_factory, name, lambda path: path.write_text("whole")).read_text() == "whole"
