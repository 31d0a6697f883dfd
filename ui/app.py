"""The operator's dashboard: `streamlit run ui/app.py`. Frames every page and stands in while the backend is away."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import streamlit as st  # noqa: E402

from backend_api.base.process import EXIT_USAGE, UsageError  # noqa: E402
from ui.client.api import BackendError  # noqa: E402
from ui.client.context import api, settings  # noqa: E402
from ui.widgets.away import show_away, show_misconfigured  # noqa: E402

PAGES = [
    ("views/now.py", "Now"),
    ("views/review.py", "Review"),
    ("views/cleaning.py", "Cleaning"),
    ("views/usage.py", "Usage"),
    ("views/setup.py", "Setup"),
]


def main() -> None:
    """Draw the page that the address names, or the card that says why it cannot be drawn."""
    page = st.navigation([st.Page(path, title=title) for path, title in PAGES], position="top")
    st.set_page_config(page_title=f"{page.title}, gym machines", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    try:
        page.run()
    except BackendError as error:
        show_away(error, api(), settings())
    except UsageError as error:
        show_misconfigured(error)


if __name__ == "__main__":
    if not st.runtime.exists():
        sys.stderr.write(f"ERROR the dashboard needs its server: start it with `streamlit run {sys.argv[0]}`\n")
        sys.exit(EXIT_USAGE)
    main()
