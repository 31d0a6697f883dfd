"""keys.yaml: keys by their hashes, with names, roles and stores."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from backend_api.base.yaml_file import Text, read_yaml, section
from backend_api.contract.people import MAX_PERSON_STORES, Role
from backend_api.contract.values import Name, Sha256

MAX_KEYS = 200
_OF_ALL_STORES = (Role.EDGE, Role.ADMIN)


def _known(value: object) -> object:
    if value not in list(Role):
        raise ValueError(f"{value!r} is no role; write one of {', '.join(Role)}")
    return Role(str(value))


def _name(text: str) -> str:
    return TypeAdapter(Name).validate_python(text)


def _hash(text: str) -> str:
    try:
        return TypeAdapter(Sha256).validate_python(text)
    except ValueError as error:
        raise ValueError("is no SHA-256 in 64 digits 0-9a-f; have backend_api/keys.py make the key") from error


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The SHA-256 of a key called `name`, with its role; with `stores` it is for those alone."""

    name: Annotated[Text, AfterValidator(_name)]
    sha256: Annotated[Text, AfterValidator(_hash)] = field(repr=False)
    role: Annotated[Role, BeforeValidator(_known)]
    stores: (
        Annotated[tuple[Annotated[Text, AfterValidator(_name)], ...], Field(min_length=1, max_length=MAX_PERSON_STORES)]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class _File:
    keys: Annotated[tuple[Annotated[KeyEntry, section(KeyEntry)], ...], Field(max_length=MAX_KEYS)]


_FILE = TypeAdapter(Annotated[_File, section(_File)])


def load_keys(path: Path) -> tuple[KeyEntry, ...]:
    """The keys in the file at `path`. Raises UsageError that names file, line and key."""
    file = read_yaml(path, "--keys", needs="keys")
    entries = file.read(_FILE).keys
    for number, entry in enumerate(entries):
        place = ("keys", number)
        if entry.role in _OF_ALL_STORES and entry.stores is not None:
            problem = f"a key with the role {entry.role} is of all stores; remove the line, or give another role"
            raise file.error((*place, "stores"), problem)
        if any(entry.name == other.name for other in entries[:number]):
            raise file.error((*place, "name"), f"{entry.name} is the name of another key too; give each its own")
        if any(entry.sha256 == other.sha256 for other in entries[:number]):
            raise file.error((*place, "sha256"), f"is also the key of another name than {entry.name}; make another")
    return entries
