"""Whether this Python has what requirements.txt names, for scripts that are started outside of their environment.

An entry script asks before it imports anything that is not Python's own; so this file imports nothing else either, and
Pythons that are too old for the rest of the project can read it.
"""

import importlib.metadata
import re
import shlex
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
_REQUIREMENTS = _ROOT / "requirements.txt"
_OLDEST = (3, 11)
_SHOWN = 3
_EXIT_USAGE = 2


def require_environment() -> None:
    """Exit with 2, and one line that says what to do, when this Python is too old or lacks a required package."""
    if sys.version_info < _OLDEST:
        version, oldest = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, _OLDEST))
        _refuse(f"{sys.executable} is Python {version}, and this needs {oldest} or newer: {_cure()}")
    missing = missing_packages(_REQUIREMENTS.read_text(encoding="utf-8"))
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        _refuse(f"{sys.executable} lacks {shown} of requirements.txt: {_cure()}")


def missing_packages(requirements: str) -> list[str]:
    """The names in `requirements` (pip's format, one package a line) that are not installed for this Python."""
    names = re.findall(r"^[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)", requirements, re.MULTILINE)
    return [name for name in names if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _cure() -> str:
    """The command that helps, to be typed in any folder."""
    root, python = shlex.quote(str(_ROOT)), shlex.quote(sys.executable)
    if sys.prefix != sys.base_prefix and sys.version_info >= _OLDEST:
        return f"run `{python} -m pip install -r {root}/requirements.txt` and start it again"
    if (_ROOT / ".venv" / "bin" / "activate").exists():
        return f"run `. {root}/.venv/bin/activate` and start it again with `python`"
    newer = "python3" if sys.version_info >= _OLDEST else "python{}.{}".format(*_OLDEST)
    make = f"{newer} -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt"
    return f"run `cd {root} && {make}` and start it again with `python`"


def _refuse(text: str) -> None:
    sys.stderr.write(f"ERROR {text}\n")
    sys.exit(_EXIT_USAGE)
