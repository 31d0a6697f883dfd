"""The command line of the worker: defaults that don't depend on the working directory, mistakes in one line."""

from pathlib import Path

import pytest

from backend_api.base.database_address import DatabaseAddress
from backend_api.base.process import REPOSITORY, UsageError
from mm_worker.options import parse_options


def test_the_defaults_lie_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse_options([])
    assert (options.db, options.media_dir) == (
        DatabaseAddress(REPOSITORY / "data" / "app.db"),
        REPOSITORY / "data" / "media",
    )
    assert (options.seed, options.poll_s, options.drain, options.vlm) == (123, 0.5, False, "mock")
    assert options.judge_ends


def test_every_flag_is_heard() -> None:
    flags = {
        "--db": "a.db",
        "--media-dir": "m",
        "--seed": "7",
        "--poll-s": "2",
        "--lease-s": "9",
        "--max-attempts": "3",
    }
    given = [word for flag in flags.items() for word in flag]
    options = parse_options([*given, "--vlm", "mock", "--drain", "--judge-ends", "off"])
    assert not options.judge_ends
    assert (options.db, options.media_dir, options.seed, options.poll_s) == (
        DatabaseAddress(Path("a.db")),
        Path("m"),
        7,
        2.0,
    )
    assert (options.drain, options.vlm, options.lease_s, options.max_attempts) == (True, "mock", 9.0, 3)


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [
        (["--poll-s", "0"], "argument --poll-s: '0' is no duration"),
        (["--poll-s", "soon"], "argument --poll-s: 'soon' is no duration"),
        (["--lease-s", "nan"], "argument --lease-s: 'nan' is no duration"),
        (["--lease-s", "inf"], "argument --lease-s: 'inf' is no duration"),
        (["--max-attempts", "0"], "argument --max-attempts: '0' is no count"),
        (["--max-attempts", "-1"], "argument --max-attempts: "),
        (["--seed", "x"], "argument --seed: "),
        (["--vlm", "oracle"], "argument --vlm: "),
        (["--judge-ends", "maybe"], "argument --judge-ends: "),
        (["--dbb", "x"], "unrecognized arguments: --dbb x"),
    ],
)
def test_a_mistake_names_its_flag(argv: list[str], culprit: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_options(argv)
    assert str(caught.value).startswith(culprit)
