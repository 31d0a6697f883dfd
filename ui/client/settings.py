"""Where the backend is, for this process and for the browser, which fetches clips by itself; and the store's time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from backend_api.base.api_key import find_api_key
from backend_api.base.http_client import check_address
from backend_api.base.process import UsageError

DEFAULT_BACKEND_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Settings:
    """`backend_url` as this process reaches it; `public_backend_url` as browsers do, None to follow the page's.

    `api_key` is what the backend asks for, None when it asks for none. `time_zone` is the IANA name of the zone of all
    times shown, None to follow each browser.
    """

    backend_url: str = DEFAULT_BACKEND_URL
    public_backend_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    time_zone: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read GYM_BACKEND_URL, GYM_PUBLIC_BACKEND_URL, GYM_API_KEY and GYM_TIME_ZONE; an empty one counts as unset.

        Raises UsageError when an address is none, the key cannot stand in a header, or there is no such zone.
        """
        public_url = environment.get("GYM_PUBLIC_BACKEND_URL")
        return cls(
            backend_url=_address("GYM_BACKEND_URL", environment.get("GYM_BACKEND_URL") or DEFAULT_BACKEND_URL),
            public_backend_url=_address("GYM_PUBLIC_BACKEND_URL", public_url) if public_url else None,
            api_key=find_api_key(None, environment),
            time_zone=_time_zone(environment.get("GYM_TIME_ZONE", "")),
        )

    def browser_url(self, path: str, page_url: str | None) -> str:
        """The address at which a browser that shows `page_url` finds the backend's `path`.

        Without a public address it is the page's own host name with the backend's port: both run on one computer.
        """
        return (self.public_backend_url or _same_host(self.backend_url, page_url)) + path

    def start_command(self) -> str:
        """The command that starts a backend where this process looks for one, from the repository's root."""
        port = port_of(urlsplit(self.backend_url))
        flag = "" if self.backend_url == DEFAULT_BACKEND_URL else f" --port {port}"
        return f"python backend_api/main.py --db ./data/app.db --media-dir ./data/media{flag}"


def port_of(address: SplitResult) -> int:
    """The TCP port of an address, also when it is the scheme's own and left out."""
    return address.port or (443 if address.scheme == "https" else 80)


def _same_host(backend_url: str, page_url: str | None) -> str:
    page_host = urlsplit(page_url).hostname if page_url else None
    if page_host is None:
        return backend_url
    backend = urlsplit(backend_url)
    host = f"[{page_host}]" if ":" in page_host else page_host
    return f"{backend.scheme}://{host}:{port_of(backend)}{backend.path}"


def _time_zone(name: str) -> str | None:
    if not name:
        return None
    try:
        ZoneInfo(name)
    # A name may be no file, a folder, no path at all, or nonsense.
    except (ValueError, OSError, KeyError) as error:
        raise UsageError(
            f"GYM_TIME_ZONE is {name!r}, which is no time zone; set it to one such as Europe/Berlin"
        ) from error
    return name


def _address(variable: str, text: str) -> str:
    check_address(text, variable, DEFAULT_BACKEND_URL)
    return text.rstrip("/")
