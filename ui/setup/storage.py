"""The storage's part of the page: shown while the backend cannot store, or waits for a word before it removes."""

import streamlit as st

from ui.client.storage import storage_trouble
from ui.text.words import plain


def show_storage() -> None:
    """Draw what is wrong and what to do; nothing while all is well. Raises BackendError."""
    trouble = storage_trouble()
    if trouble is None:
        return
    st.header("Storage", anchor=False)
    reason = plain(trouble.reason[:1].upper() + trouble.reason[1:])
    if trouble.is_stopped:
        st.error(f"**The backend cannot store anything.** Edges keep their events until it can.  \n{reason}.")
        return
    st.warning(
        f"**Old clips or events are kept until you say that they may go.**  \n{reason}.  \n"
        "The command is for the backend's computer, in the project's folder, with the backend's --db."
    )
