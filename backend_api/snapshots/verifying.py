"""Whether every snapshot can be restored: everything that it needs is read, and compared with its hash."""

from backend_api.base.process import FatalError
from backend_api.snapshots.manifest import Manifest, StoredFile
from backend_api.snapshots.repository import Repository, hash_of
from backend_api.store.db.copying import find_damage


def verify(repository: Repository) -> list[str]:
    """What is wrong with the snapshots, a line each with its cure; empty when nothing is. Raises OSError.

    What several of them need is read once.
    """
    wrong: list[str] = []
    seen: dict[StoredFile, str | None] = {}
    for name in repository.names():
        try:
            manifest = repository.read(name)
        except FatalError as error:
            wrong.append(str(error))
            continue
        for stored in sorted(manifest.stored(), key=lambda one: one.sha256):
            if stored not in seen:
                seen[stored] = _fault(repository, stored, is_database=stored == manifest.database)
            if fault := seen[stored]:
                wrong.append(f"snapshot {name}, {_what(manifest, stored)}: {fault}")
    return wrong


def _fault(repository: Repository, stored: StoredFile, *, is_database: bool) -> str | None:
    where = repository.where(stored.sha256)
    try:
        with repository.local(stored.sha256) as path:
            if path.stat().st_size != stored.size_bytes or hash_of(path) != stored.sha256:
                return (
                    f"{where} is damaged; remove it: the next backup keeps it again, if it is still there to be backed "
                    "up"
                )
            damage = find_damage(path) if is_database else None
    except FileNotFoundError:
        return f"{where} is missing; the next backup keeps it again, if it is still there to be backed up"
    return f"{damage}; restore another snapshot" if damage else None


def _what(manifest: Manifest, stored: StoredFile) -> str:
    if stored == manifest.database:
        return "the database"
    named = sorted(file.name for file in manifest.files.values() if file.sha256 == stored.sha256)
    return named[0] if len(named) == 1 else f"{named[0]} and {len(named) - 1} more of the same content"
