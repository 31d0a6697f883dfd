"""The page Usage: when which machine is used."""

import streamlit as st


def show_page() -> None:
    """Draw the page."""
    st.title("Usage", anchor=False)


if __name__ == "__main__":
    show_page()
