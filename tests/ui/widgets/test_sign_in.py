"""The card of whoever is not signed in: at another address of the dashboard it leads to this page at the known one."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest


def script() -> None:
    from ui.client.sign_in import Provider
    from ui.widgets.sign_in import show_signed_out

    show_signed_out(Provider(None, "https://service.example/openid", "https://gym.example"), "")


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({}, "https://gym.example/review"),
        ({"gym": "a b", "outcome": ["x", "y"]}, "https://gym.example/review?gym=a+b&outcome=x&outcome=y"),
    ],
)
def test_it_leads_to_the_same_page_at_the_address_that_the_service_knows(
    monkeypatch: pytest.MonkeyPatch, query: dict[str, str | list[str]], there: str
) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: "http://10.0.0.7:8501/review"))
    app = AppTest.from_function(script)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    [link] = app.get("link_button")
    assert link.proto.url == there
