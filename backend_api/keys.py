"""Entry script of keys: `python backend_api/keys.py --add NAME --role viewer` makes one, and shows it this once."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import argparse  # noqa: E402
import hashlib  # noqa: E402
import io  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import secrets  # noqa: E402
import stat  # noqa: E402
from typing import Any  # noqa: E402

from ruamel.yaml import YAML  # noqa: E402
from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: E402

from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.durable_files import Disk, make_writable  # noqa: E402
from backend_api.base.file_lock import FileLock  # noqa: E402
from backend_api.base.process import EXIT_DONE, REPOSITORY, FatalError, UsageError, run_process  # noqa: E402
from backend_api.contract.people import Role  # noqa: E402
from backend_api.web.keys_file import MAX_KEYS, KeyEntry, load_keys  # noqa: E402

DEFAULT_FILE = REPOSITORY / "data" / "keys.yaml"
# 256 random bits: nobody finds them by guessing, so that one round of SHA-256 keeps them, without salt.
_KEY_BYTES = 32

log = logging.getLogger(__name__)


def main() -> int:
    """Add, remove or list keys. Raises UsageError and FatalError, with the culprit."""
    options = _parse_options()
    path: Path = options.keys
    if options.list:
        for entry in load_keys(path):
            stores = "all stores" if entry.stores is None else ", ".join(entry.stores)
            sys.stdout.write(f"{entry.name}: {entry.role}, {stores}\n")
        return EXIT_DONE
    if options.add is None:
        # Where there is no file, no folder and no lock are made for one.
        load_keys(path)
    # From reading to writing: of two runs at once the second one reads what the first one wrote.
    with _locked(path):
        entries = load_keys(path) if path.exists() or options.add is None else ()
        if options.add is not None:
            key = _add(path, entries, options)
            sys.stdout.write(f"{key}\n")
            log.info("added %s to %s; the key above is shown this once", options.add, path)
        else:
            _remove(path, entries, options.remove)
            log.info("removed %s from %s", options.remove, path)
    return EXIT_DONE


def _locked(path: Path) -> FileLock:
    """Hold the file of keys, once no other run does. Raises UsageError and FatalError."""
    lock_path = path.with_name(f"{path.name}.lock")
    make_writable(path.parent, "--keys")
    try:
        lock = FileLock(lock_path, lambda: log.info("another run changes %s: waiting for its end", path))
        if os.geteuid() == 0:
            # Else the backend's user could not change the keys without root from now on.
            folder = path.parent.stat()
            os.chown(lock_path, folder.st_uid, folder.st_gid)
    except OSError as error:
        raise FatalError(f"{lock_path}: {error.strerror}; let this user write there") from error
    return lock


def _add(path: Path, entries: tuple[KeyEntry, ...], options: argparse.Namespace) -> str:
    role, stores = Role(options.role or Role.VIEWER), tuple(options.store)
    if any(entry.name == options.add for entry in entries):
        raise UsageError(f"{path} has a key {options.add} already; remove it first, or give another name")
    if len(entries) >= MAX_KEYS:
        raise UsageError(f"{path} has {MAX_KEYS} keys, and can have no more; remove one first")
    if stores and role in (Role.EDGE, Role.ADMIN):
        raise UsageError(f"a key with the role {role} is of all stores; leave --store out, or give another --role")
    key = f"gym_{secrets.token_urlsafe(_KEY_BYTES)}"
    entry = CommentedMap(name=options.add, sha256=hashlib.sha256(key.encode()).hexdigest(), role=role.value)
    if stores:
        entry["stores"] = CommentedSeq(stores)
    entry.fa.set_flow_style()
    yaml, document = _document(path)
    document["keys"].append(entry)
    _write(path, yaml, document)
    return key


def _remove(path: Path, entries: tuple[KeyEntry, ...], name: str) -> None:
    numbers = [number for number, entry in enumerate(entries) if entry.name == name]
    if not numbers:
        raise UsageError(f"{path} has no key {name}; --list shows those that it has")
    yaml, document = _document(path)
    del document["keys"][numbers[0]]
    if not document["keys"]:
        # An empty list stands beside its key, where no comment may come in between.
        document.ca.items.pop("keys", None)
        document["keys"] = CommentedSeq()
    _write(path, yaml, document)


def _document(path: Path) -> tuple[YAML, Any]:
    """The file with its comments; a new one where there is none."""
    yaml = YAML()
    yaml.width = 1000
    if not path.exists():
        document = CommentedMap(keys=CommentedSeq())
        document.yaml_set_start_comment("Keys of the backend by their SHA-256; backend_api/keys.py adds and removes.")
        return yaml, document
    return yaml, yaml.load(path.read_text(encoding="utf-8-sig"))


def _write(path: Path, yaml: YAML, document: object) -> None:
    text = io.StringIO()
    yaml.dump(document, text)
    try:
        was_there = path.exists()
        before = (path if was_there else path.parent).stat()
        Disk().replace(path, text.getvalue().encode())
        if os.geteuid() == 0:
            # The backend's user could not read root's, and the backend would go on with the keys that it had.
            os.chown(path, before.st_uid, before.st_gid)
        if was_there:
            path.chmod(stat.S_IMODE(before.st_mode))
    except OSError as error:
        raise FatalError(f"{path}: {error.strerror}; make room, or let this user write there") from error


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="backend_api/keys.py",
        description="Make a key for the backend and print it, remove one, or list them. The file holds their hashes; a "
        "backend that was started with --keys takes changes within a second.",
        epilog="Exit codes: 0 done, 1 not done, 2 wrong use.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--add", type=_name, metavar="NAME", help="make a key of this name")
    what.add_argument("--remove", type=_name, metavar="NAME", help="remove the key of this name")
    what.add_argument("--list", action="store_true", help="list names, roles and stores")
    parser.add_argument(
        "--keys", type=Path, default=DEFAULT_FILE, metavar="FILE", help="the file (default: data/keys.yaml)"
    )
    parser.add_argument(
        "--role", choices=[role.value for role in Role], help="what the key may do, with --add (default: viewer)"
    )
    parser.add_argument(
        "--store",
        action="append",
        default=[],
        type=_name,
        metavar="STORE",
        help="a store that the key is for, with --add; may be given several times (default: all stores)",
    )
    options = parser.parse_args()
    if options.add is None and (options.role or options.store):
        parser.error("--role and --store go with --add")
    return options


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no name; write letters, digits, _ . and -, 64 at most")
    return text


if __name__ == "__main__":
    run_process(main)
