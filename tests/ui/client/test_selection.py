"""What is open, as the address says."""

from uuid import UUID

import pytest
import streamlit as st

from ui.client.selection import NoId, Selection, select, selection

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def address() -> None:
    st.query_params.clear()


def test_an_address_names_a_session_one_of_its_events_or_nothing() -> None:
    assert selection() == Selection()
    select(ONE, OTHER)
    assert selection() == Selection(ONE, OTHER)
    select(OTHER)
    assert selection() == Selection(OTHER)
    select(None)
    assert selection() == Selection()


def test_the_rest_of_the_address_stays() -> None:
    st.query_params["outcome"] = ["Cleaned", "Not cleaned"]
    select(ONE)
    assert st.query_params.get_all("outcome") == ["Cleaned", "Not cleaned"]


@pytest.mark.parametrize("name", ["session", "event"])
def test_what_is_no_id_is_named(name: str) -> None:
    st.query_params[name] = "1; drop"
    with pytest.raises(NoId, match=f"asks for the {name} '1; drop', which is no id"):
        selection()
