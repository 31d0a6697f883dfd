"""The script that draws every page: it frames them, and stands in while the backend is away or a page has a fault."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from backend_api.base.process import UsageError
from ui.client.api import BackendError
from ui.client.context import api, settings
from ui.client.people import NoRole
from ui.client.sign_in import NobodyThere, SignedOut, present_person, provider
from ui.widgets.away import show_away, show_misconfigured
from ui.widgets.fault import show_fault
from ui.widgets.sign_in import show_account, show_no_role, show_signed_out

PAGES = [
    ("views/now.py", "Now"),
    ("views/review.py", "Review"),
    ("views/cleaning.py", "Cleaning"),
    ("views/usage.py", "Usage"),
    ("views/setup.py", "Setup"),
]


def main() -> None:
    """Draw the page that the address names, or the card that says why it cannot be drawn.

    Whoever has to sign in, and has not, or has no role, sees nothing else.
    """
    pages = [st.Page(path, title=title) for path, title in PAGES]
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title}, gym machines", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    try:
        _show_frame(pages)
        page.run()
    except SignedOut as error:
        _show_signed_out(str(error))
    except NoRole as error:
        show_no_role(str(error))
    except NobodyThere:
        st.rerun()
    except BackendError as error:
        show_away(error, api(), settings())
    except UsageError as error:
        show_misconfigured(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one page, the way to the others stays
        show_fault(error, page.title)


def _show_frame(pages: Sequence[StreamlitPage]) -> None:
    """Draw the way to the pages, and who is signed in. Raises SignedOut, NoRole, and UsageError."""
    person = present_person()
    # Streamlit's own links lie in a sidebar where there is little room, which stays open over the page that they lead
    # to, and takes the first click there for its own.
    with st.container(horizontal=True, gap="xxsmall", vertical_alignment="center", key="pages"):
        for each in pages:
            st.page_link(each, width="content")
        if person is not None:
            show_account(person)


def _show_signed_out(reason: str) -> None:
    service = provider()
    if service is not None:
        show_signed_out(service, reason)


if __name__ == "__main__":
    main()
