"""The page Setup: cameras, the queue of verdicts, and zones."""

import streamlit as st


def show_page() -> None:
    """Draw the page."""
    st.title("Setup", anchor=False)


if __name__ == "__main__":
    show_page()
