"""What a snapshot holds: the hash of the database's copy, and name, size and hash of every clip and picture.

A manifest is a text of JSON lines: the database, the files in the order of their names, and the SHA-256 of all before.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from backend_api.media.usage import owner_of

Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
_BYTES_AT_MOST = 2**53


class DamagedManifest(Exception):
    """A manifest that cannot be believed; the text says why."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class StoredFile(_Line):
    """Bytes that are kept under their hash."""

    sha256: str = Sha256
    size_bytes: int = Field(ge=0, le=_BYTES_AT_MOST)


class MediaFile(StoredFile):
    """A clip or picture by its name in the media folder; `modified_ns` since 1970, as the folder says it."""

    name: str = Field(max_length=100)
    modified_ns: int = Field(ge=-(2**63), lt=2**63)


class _Head(_Line):
    format: Literal[1] = 1
    taken_at: AwareDatetime
    schema_revision: str = Field(max_length=64)
    database: StoredFile


class _Foot(_Line):
    sha256: str = Sha256


@dataclass(frozen=True, slots=True)
class Manifest:
    """One snapshot: when it was taken, the database (of that revision of its schema), and the files by name."""

    taken_at: datetime
    schema_revision: str
    database: StoredFile
    files: dict[str, MediaFile]

    def encode(self) -> bytes:
        """The manifest as it is kept."""
        head = _Head(taken_at=self.taken_at, schema_revision=self.schema_revision, database=self.database)
        lines = [head, *(self.files[name] for name in sorted(self.files))]
        text = "".join(f"{line.model_dump_json()}\n" for line in lines).encode()
        return text + f"{_Foot(sha256=hashlib.sha256(text).hexdigest()).model_dump_json()}\n".encode()

    @classmethod
    def decode(cls, content: bytes) -> "Manifest":
        """What `encode` gave. Raises DamagedManifest for anything else, whatever it is."""
        try:
            *body, foot = content.splitlines(keepends=True)
            if _Foot.model_validate_json(foot).sha256 != hashlib.sha256(b"".join(body)).hexdigest():
                raise DamagedManifest("it was changed, or part of it is missing")
            head = _Head.model_validate_json(body[0])
            files = [MediaFile.model_validate_json(line) for line in body[1:]]
        except (ValueError, IndexError, ValidationError) as error:
            raise DamagedManifest("it is no manifest of this release") from error
        if strange := next((file.name for file in files if owner_of(file.name) is None), None):
            raise DamagedManifest(f"{strange!r} is no name of a clip or picture")
        return cls(head.taken_at, head.schema_revision, head.database, {file.name: file for file in files})

    def stored(self) -> set[StoredFile]:
        """Everything that the snapshot needs, each once."""
        return {
            StoredFile(sha256=one.sha256, size_bytes=one.size_bytes) for one in (self.database, *self.files.values())
        }
