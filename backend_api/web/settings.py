"""What the backend is told beside its folders: who may call it, and what it keeps and says."""

from dataclasses import dataclass, field

from backend_api.media.retention_policy import KeepLimits
from backend_api.web.keys import Keys


@dataclass(frozen=True, slots=True)
class Settings:
    """`cors_origins` are those of the pages that may read answers, such as `https://gym.example`; none by default.

    `keeps_access_log` asks for a line a request, `keep` for clips to be removed that are too old or too much.
    """

    keys: Keys = field(default_factory=Keys)
    cors_origins: tuple[str, ...] = ()
    keeps_access_log: bool = False
    keep: KeepLimits = field(default_factory=KeepLimits)
