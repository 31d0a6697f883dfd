"""The script that draws every page: it frames them, and stands in while the backend is away or a page has a fault."""

from pathlib import Path

import streamlit as st

from backend_api.base.process import UsageError
from ui.client.api import BackendError
from ui.client.context import api, settings
from ui.widgets.away import show_away, show_misconfigured
from ui.widgets.fault import show_fault

PAGES = [
    ("views/now.py", "Now"),
    ("views/review.py", "Review"),
    ("views/cleaning.py", "Cleaning"),
    ("views/usage.py", "Usage"),
    ("views/setup.py", "Setup"),
]


def main() -> None:
    """Draw the page that the address names, or the card that says why it cannot be drawn."""
    pages = [st.Page(path, title=title) for path, title in PAGES]
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title}, gym machines", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    # Streamlit's own links lie in a sidebar where there is little room, which stays open over the page that they lead
    # to, and takes the first click there for its own.
    with st.container(horizontal=True, gap="xxsmall", key="pages"):
        for each in pages:
            st.page_link(each, width="content")
    try:
        page.run()
    except BackendError as error:
        show_away(error, api(), settings())
    except UsageError as error:
        show_misconfigured(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one page, the way to the others stays
        show_fault(error, page.title)


if __name__ == "__main__":
    main()
