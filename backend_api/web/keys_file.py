"""keys.yaml: keys with names, each limited to a store, or to figures without pictures, where it says so."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from backend_api.base.yaml_file import Text, read_yaml, section
from backend_api.contract.values import Name

MAX_KEYS = 200
May = Literal["write", "read", "figures"]


def _known(value: object) -> object:
    if value not in ("write", "read", "figures"):
        raise ValueError(f"{value!r} is no right; write write, read or figures")
    return value


def _name(text: str) -> str:
    return TypeAdapter(Name).validate_python(text)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A `key` called `name`; with `store_id` it may see that store alone. `figures` are without pictures and events."""

    name: Annotated[Text, AfterValidator(_name)]
    key: Text
    may: Annotated[May, BeforeValidator(_known)] = "read"
    store_id: Annotated[Text, AfterValidator(_name)] | None = None


@dataclass(frozen=True, slots=True)
class _File:
    keys: Annotated[tuple[Annotated[KeyEntry, section(KeyEntry)], ...], Field(max_length=MAX_KEYS)]


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_keys(path: Path | None) -> tuple[KeyEntry, ...]:
    """The keys in the file at `path`; none without one. Raises UsageError that names file, line and key."""
    if path is None:
        return ()
    file = read_yaml(path, "--keys")
    entries = file.read(_FILE).keys
    for number, entry in enumerate(entries):
        place = ("keys", number)
        if entry.may == "write" and entry.store_id is not None:
            raise file.error(
                (*place, "store_id"), "a key that may write is of all stores; remove the line, or may: read"
            )
        if any(entry.name == other.name for other in entries[:number]):
            raise file.error((*place, "name"), f"{entry.name} is the name of another key too; give each its own")
        if any(entry.key == other.key for other in entries[:number]):
            raise file.error((*place, "key"), f"is also the key of another name than {entry.name}; give each its own")
    return entries
