"""A file of keys whose words are known: that of `name` is `name-0123456789`."""

import hashlib
from pathlib import Path

from backend_api.contract.people import ACTING_FOR, Person, Role


def bearer(name: str, person: Person | None = None) -> dict[str, str]:
    """The header with the key of `name`, and the one of the person whom it acts for."""
    acting = {} if person is None else {ACTING_FOR: person.header()}
    return {"Authorization": f"Bearer {name}-0123456789", **acting}


def entry(name: str, role: Role, *stores: str) -> str:
    """The line of the file with the key of `name`."""
    of = f", stores: [{', '.join(stores)}]" if stores else ""
    digest = hashlib.sha256(f"{name}-0123456789".encode()).hexdigest()
    return f"  - {{name: {name}, sha256: {digest}, role: {role}{of}}}\n"


def write_keys(path: Path, *entries: str) -> Path:
    """Write the file of `entries` to `path`."""
    path.write_text("keys:\n" + "".join(entries) if entries else "keys: []\n")
    return path


def person(role: Role, *stores: str, name: str = "Ada Lovelace") -> Person:
    """Somebody who is signed in."""
    return Person(person_id=f"{role}@example.org", name=name, role=role, store_ids=stores or None)
