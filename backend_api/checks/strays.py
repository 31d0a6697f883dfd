"""Whether a name leads to every object in a bucket.

None does after a crash between an object and its name, or when a folder was copied into the bucket. A repair writes the
name down: an upload that comes again finds it then, and what belongs to no event goes with retention.
"""

from collections.abc import Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from backend_api.checks.finding import Finding, Kind
from backend_api.media.usage import owner_of


@runtime_checkable
class HasStrays(Protocol):
    """A bucket: it has objects that no name leads to, and may take them up."""

    def strays(self) -> Iterator[tuple[str, float]]:
        """Each, and when it was put, in seconds since 1970."""

    def take_up(self, name: str) -> None:
        """Write its name down."""


def check_strays(media: HasStrays, now_s: float, orphan_age_s: float) -> Iterator[Finding]:
    """The objects that no name leads to; what is older than `orphan_age_s` is wrong, what is younger only told."""
    for name, put_s in media.strays():
        if owner_of(name) is None:
            text, cure = "not the name of a clip, thumbnail or frame", "left alone"
            yield Finding(Kind.UNKNOWN_FILE, name, text, cure, is_wrong=False)
            continue
        age_s = max(0.0, now_s - put_s)
        text = f"the index does not have it, {age_s:.0f} s old"
        if age_s <= orphan_age_s:
            cure = f"left alone until it is {orphan_age_s:g} s old: its upload may still be under way"
            yield Finding(Kind.ORPHANED_FILE, name, text, cure, is_wrong=False)
        else:
            repair = partial(media.take_up, name)
            yield Finding(Kind.ORPHANED_FILE, name, text, "--fix takes it up into the index", repair=repair)
