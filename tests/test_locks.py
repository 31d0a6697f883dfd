"""The locks agree with the requirements, name nothing of the computer that made them, and hold a hash for each file."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backend_api.base.process import REPOSITORY

# What is installed besides requirements.txt, and last what has it all.
LOCKS = ["requirements", "requirements-chain", "requirements-signin", "requirements-dev"]


def required(name: str) -> list[Requirement]:
    """What the file asks for, and those that it names."""
    found: list[Requirement] = []
    for line in (REPOSITORY / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += required(Path(line[3:].strip()).stem)
        elif line.strip() and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each package of the lock, with its hashes."""
    text = (REPOSITORY / f"{name}.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(Requirement(line.split("--hash=")[0].strip()), re.findall(r"--hash=(\S+)", line)) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_required_is_locked_in_a_release_that_it_allows(name: str) -> None:
    versions = {
        canonicalize_name(one.name): next(iter(one.specifier)).version
        for one, _ in locked(name)
        if one.marker is None or one.marker.evaluate()
    }
    wrong = [
        str(one)
        for one in required(name)
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0.dev0"), prereleases=True)
        or canonicalize_name(one.name) not in versions
    ]
    assert wrong == [], "run `make lock`"


def test_the_product_runs_with_what_the_tests_run_with() -> None:
    *products, tests = ({f"{one.name}{one.specifier}": hashes for one, hashes in locked(name)} for name in LOCKS)
    for product in products:
        assert {name: tests.get(name) for name in product} == product


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_for_every_computer_and_every_file_of_it_is_known(name: str) -> None:
    text = (REPOSITORY / f"{name}.lock").read_text(encoding="utf-8")
    assert [
        line
        for line in text.splitlines()
        if line.lstrip().startswith(("-i", "-f", "--index", "--extra", "--find", "--trusted"))
    ] == []
    assert "://" not in text
    assert " @ " not in text
    for one, hashes in locked(name):
        assert [(part.operator, part.version.count("*")) for part in one.specifier] == [("==", 0)], one
        assert hashes, one
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", found) for found in hashes), one
