"""The cards of whoever is not signed in or has no role, and the line that says who is signed in."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from backend_api.contract.people import Person, Role
from ui.client.sign_in import Provider
from ui.text.words import plain

ROLE_WORDS = {Role.VIEWER: "may look", Role.REVIEWER: "may review", Role.MANAGER: "may change settings"}


def show_signed_out(service: Provider, reason: str) -> None:
    """Draw the way to sign in; where the page has another address than the service knows, the way there."""
    with st.container(border=True, key="signed_out"):
        st.header("Gym machines", anchor=False)
        st.text(reason or "Sign in to see this page.")
        page = urlsplit(st.context.url or service.origin)
        if f"{page.scheme}://{page.netloc}" != service.origin:
            st.text("Sign-in works at another address of this dashboard:")
            st.link_button("Go there", service.origin + page.path + _query())
            return
        if st.button("Sign in" if service.name is None else f"Sign in with {plain(service.name)}", type="primary"):
            if trouble := service.trouble():
                st.error(plain(trouble))
            else:
                st.login(service.name)


def _query() -> str:
    """The page's filters, as they stand in its address."""
    given = [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
    return f"?{urlencode(given)}" if given else ""


def show_no_role(reason: str) -> None:
    """Say why the person sees nothing, and offer to leave."""
    with st.container(border=True, key="no_role"):
        st.header("No role", anchor=False)
        st.text(reason)
        st.button("Sign out", on_click=st.logout)


def show_account(person: Person) -> None:
    """Draw who is signed in, with what that allows, and the way out."""
    with st.popover(plain(person.name), type="tertiary", key="account"):
        stores = "all gyms" if person.store_ids is None else ", ".join(person.store_ids)
        st.caption(plain(f"{person.person_id}, {person.role}: {ROLE_WORDS[person.role]}, {stores}."))
        st.button("Sign out", key="sign_out", on_click=st.logout)
