"""The operator's dashboard: `streamlit run ui/app.py`. Its server and what that lets in; dashboard.py draws pages."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import os  # noqa: E402
from contextlib import AbstractAsyncContextManager  # noqa: E402

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.process import EXIT_USAGE  # noqa: E402
from backend_api.base.watchdog import Watchdog  # noqa: E402
from ui.origin_check import OriginCheck  # noqa: E402
from ui.page_watch import PageServer, page_watched  # noqa: E402
from ui.wanted_page import WantedPage  # noqa: E402
from ui.widgets.fault import show_fault  # noqa: E402


def handle_script_error(error: Exception) -> bool:
    """A fault in a part that draws itself again, or in what follows a click: the rest of the page stays as it is."""
    show_fault(error)
    return True


def own_server() -> PageServer:
    """Where this process answers, as `streamlit run` was told."""
    option = st.get_option
    path = base_path().strip("/")
    return PageServer(option("server.address"), int(option("server.port")), path, bool(option("server.sslCertFile")))


def base_path() -> str:
    """The path below which the dashboard lies, such as `/gym`; "" for none."""
    path = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def watched(_app: st.App) -> AbstractAsyncContextManager[None]:
    """While the server runs, systemd's watchdog hears whether it answers."""
    clock = SystemClock()
    return page_watched(own_server, Watchdog(clock, os.environ), clock)


app = st.App(
    "dashboard.py",
    lifespan=watched,
    middleware=[
        Middleware(OriginCheck, hosts=lambda: st.get_option("server.allowedHosts")),
        Middleware(WantedPage, base=base_path),
    ],
    on_script_error=handle_script_error,
)

if __name__ == "__main__":
    sys.stderr.write(f"ERROR the dashboard needs its server: start it with `streamlit run {sys.argv[0]}`\n")
    sys.exit(EXIT_USAGE)
