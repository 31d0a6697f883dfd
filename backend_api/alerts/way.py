"""A way to tell a target something, and what it answers; secrets never come along."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from backend_api.alerts.config import Target
from backend_api.base.process import escape_controls

HIDDEN = "***"
# Shorter parts of an address are words such as "to" rather than secrets.
_LEAST_SECRET = 6
_SENTENCE_END = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Message:
    """All that is told at once: the same `id` when it is told again. `data` is for machines, the rest for people."""

    id: str
    made_at: datetime
    title: str
    text: str
    html: str
    data: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Path, ...] = ()
    is_good_news: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a target answered, in a line; when it wants to be asked again, and whether it never will."""

    is_ok: bool
    text: str
    retry_after_s: float | None = None
    is_final: bool = False


class Way(Protocol):
    """A way to one target. From one thread at a time."""

    def send(self, message: Message) -> Reply:
        """Tell it `message`, within about a minute. What fails is a reply, not an exception."""
        ...


def hide_secrets(text: str, target: Target) -> str:
    """`text` as one line without anything secret of `target`: what came from the environment, and user information."""
    for secret in sorted(_secrets(target), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return escape_controls(_SENTENCE_END.sub(" ", text).strip())


def _secrets(target: Target) -> Iterable[str]:
    found = {target.url, *target.secrets}
    try:
        parts = urlsplit(target.url)
        found |= {part for part in (parts.password, parts.username, parts.netloc.rpartition("@")[0]) if part}
    except ValueError:
        pass
    if target.secrets and not target.is_webhook:
        # What an address holds besides a variable may be a part of the secret, too, as with tokens in several parts.
        found |= {part for part in re.split(r"[/?&=@:]", target.url) if len(part) >= _LEAST_SECRET and "." not in part}
    return {
        form for part in found for form in (part, quote(part, safe=""), quote(part), unquote(part)) if len(form) > 2
    }
