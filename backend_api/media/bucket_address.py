"""The address of a bucket, s3://bucket/prefix, as --media-dir takes it."""

import re
from dataclasses import dataclass

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", re.ASCII)
_SCHEME = "s3://"
_MOST = 512


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """The bucket's name, and what stands before the name of each object; empty for nothing."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    @classmethod
    def parse(cls, text: str) -> "BucketAddress":
        """The address that `text` is. Raises ValueError, whose text says what is wrong with it."""
        bucket, _, prefix = text.removeprefix(_SCHEME).partition("/")
        prefix = prefix.rstrip("/")
        if not text.startswith(_SCHEME) or not _BUCKET.fullmatch(bucket):
            raise ValueError(f"{text!r} is no address of a bucket; give one such as s3://gym-media/clips")
        if prefix and (not _PREFIX.fullmatch(prefix) or len(prefix) > _MOST or ".." in prefix.split("/")):
            raise ValueError(f"{text!r}: the part behind the bucket's name takes letters, digits, and any of _ . - /")
        return cls(bucket, prefix)
