"""The page Cleaning: what became of the cleaning windows."""

import streamlit as st


def show_page() -> None:
    """Draw the page."""
    st.title("Cleaning", anchor=False)


if __name__ == "__main__":
    show_page()
