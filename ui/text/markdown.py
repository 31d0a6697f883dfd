"""Text from elsewhere, shown as it is where Streamlit takes text for Markdown."""

_SIGNS = frozenset(r"\`*_{}[]()<>#+-!|~$:&")


def plain(text: str) -> str:
    """`text` in one line, with nothing in it taken for Markdown."""
    return "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in " ".join(text.split()))
