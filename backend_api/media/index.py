"""The index of a bucket, in the database: which names there are, and which object each of them leads to.

Events of one instant share an object, each by a name of its own. A name whose file is being removed stays, marked,
until its object is gone: after a crash in between, the next pass finds it here.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, func, literal, select, true, update

from backend_api.media.media import MediaAway
from backend_api.store.db.database import Database
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.statements import Statement
from backend_api.store.db.tables import media_files

_NAMES_A_QUERY = 500
_ROWS_A_PAGE = 5_000

_OF_NAMES = select(
    media_files.c.name,
    media_files.c.object_name,
    media_files.c.size_bytes,
    media_files.c.sha256,
    media_files.c.is_going,
).where(media_files.c.name.in_(bindparam("names", expanding=True)))
_sharing = media_files.alias("sharing")
_PAGE = (
    select(
        media_files.c.name,
        media_files.c.size_bytes,
        select(func.count())
        .where(_sharing.c.sha256 == media_files.c.sha256, _sharing.c.object_name == media_files.c.object_name)
        .scalar_subquery()
        .label("names"),
    )
    .where(media_files.c.name > bindparam("after"))
    .order_by(media_files.c.name)
    .limit(_ROWS_A_PAGE)
)
_OBJECTS_IN_USE = select(media_files.c.object_name).where(
    media_files.c.sha256.in_(bindparam("digests", expanding=True)), media_files.c.is_going.is_(False)
)
_LED_TO = select(media_files.c.object_name).where(media_files.c.object_name.in_(bindparam("objects", expanding=True)))
_TWIN = (
    select(
        bindparam("new_name"),
        media_files.c.object_name,
        media_files.c.size_bytes,
        media_files.c.sha256,
        literal(False),
    )
    .where(
        media_files.c.sha256 == bindparam("wanted_sha256"),
        media_files.c.size_bytes == bindparam("wanted_bytes"),
        media_files.c.is_going.is_(False),
    )
    .limit(1)
    # Whoever removes that one meanwhile waits, and sees this row then.
    .with_for_update()
)
_COLUMNS = ["name", "object_name", "size_bytes", "sha256", "is_going"]
_SHARE = Statement(lambda insert: insert(media_files).from_select(_COLUMNS, _TWIN).on_conflict_do_nothing())
_ADD = Statement(
    lambda insert: (
        insert(media_files)
        .values(
            name=bindparam("new_name"),
            object_name=bindparam("new_object"),
            size_bytes=bindparam("new_bytes"),
            sha256=bindparam("new_sha256"),
            is_going=False,
        )
        .on_conflict_do_nothing()
    )
)
_LEAD = Statement(
    update(media_files)
    .where(media_files.c.name == bindparam("of_name"))
    .values(
        object_name=bindparam("new_object"),
        size_bytes=bindparam("new_bytes"),
        sha256=bindparam("new_sha256"),
        is_going=False,
    )
)
_MARK = Statement(update(media_files).where(media_files.c.name == bindparam("of_name")).values(is_going=true()))
_DROP = Statement(
    delete(media_files).where(media_files.c.name == bindparam("of_name"), media_files.c.is_going.is_(True))
)


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A name, the object that it leads to, and what that holds; `is_going` once its removal has begun."""

    name: str
    object_name: str
    size_bytes: int
    sha256: str
    is_going: bool = False


class MediaIndex:
    """The rows of media_files. Every method raises MediaAway when the database cannot be asked now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, names: Collection[str]) -> dict[str, IndexedFile]:
        """What is known of `names`, with those that are going."""
        found: dict[str, IndexedFile] = {}
        for part in _parts(names):
            for row in self._read(_OF_NAMES, {"names": part}):
                found[row.name] = IndexedFile(row.name, row.object_name, row.size_bytes, row.sha256, bool(row.is_going))
        return found

    def entries(self) -> Iterator[tuple[str, int]]:
        """Every name, with those that are going, and its share of its object's bytes."""
        after = ""
        while rows := self._read(_PAGE, {"after": after}):
            yield from ((row.name, row.size_bytes // max(1, row.names)) for row in rows)
            after = rows[-1].name

    def share(self, name: str, size_bytes: int, sha256: str) -> bool:
        """Let the new `name` lead to an object that holds the same already; False where there is none."""
        values = {"new_name": name, "wanted_sha256": sha256, "wanted_bytes": size_bytes}
        with _asking(), self._database.write() as transaction:
            return _SHARE.count(transaction, values) == 1

    def add(self, file: IndexedFile) -> bool:
        """Write down a new name; False, and nothing is changed, when it is there."""
        with _asking(), self._database.write() as transaction:
            return _ADD.count(transaction, _values(file)) == 1

    def lead(self, files: Sequence[IndexedFile]) -> None:
        """Let each name lead to another object from now on; one that is new is added."""
        with _asking(), self._database.write() as transaction:
            for file in files:
                if not _ADD.count(transaction, _values(file)):
                    _LEAD.run(transaction, _values(file) | {"of_name": file.name})

    def mark(self, names: Collection[str]) -> None:
        """Begin the removal of `names`."""
        with _asking(), self._database.write() as transaction:
            for name in names:
                _MARK.run(transaction, {"of_name": name})

    def in_use(self, digests: Collection[str]) -> set[str]:
        """Of the objects with these SHA-256 those to which a name leads that stays."""
        found: set[str] = set()
        for part in _parts(digests):
            found.update(row.object_name for row in self._read(_OBJECTS_IN_USE, {"digests": part}))
        return found

    def objects(self, object_names: Collection[str]) -> set[str]:
        """Those of `object_names` to which any name leads."""
        found: set[str] = set()
        for part in _parts(object_names):
            found.update(row.object_name for row in self._read(_LED_TO, {"objects": part}))
        return found

    def drop(self, names: Collection[str]) -> None:
        """End the removal of `names`."""
        with _asking(), self._database.write() as transaction:
            for name in names:
                _DROP.run(transaction, {"of_name": name})

    def _read(self, query: Any, values: dict[str, Any]) -> Sequence[Any]:  # noqa: ANN401 - selects, and their rows
        with _asking(), self._database.read() as connection:
            return connection.execute(query, values).all()


def _parts(texts: Collection[str]) -> Iterator[list[str]]:
    left = iter(texts)
    while part := list(islice(left, _NAMES_A_QUERY)):
        yield part


def _values(file: IndexedFile) -> dict[str, Any]:
    return {
        "new_name": file.name,
        "new_object": file.object_name,
        "new_bytes": file.size_bytes,
        "new_sha256": file.sha256,
    }


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (StoreBusy, StoreFull, StoreBroken) as error:
        raise MediaAway(f"the index of the bucket cannot be used: {error}") from error
