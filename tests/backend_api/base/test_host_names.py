"""Which names a server answers to: its computer's own, every address, those that are allowed, and no other."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.host_names import host_name, is_allowed, origin_of, own_names

ALLOWED = ["Gym.example.", "*.gym.example"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("gym.example", "gym.example"),
        ("GYM.example.:8501", "gym.example"),
        ("127.0.0.1:8501", "127.0.0.1"),
        ("[::1]:8501", "::1"),
        ("gym.example:port", ""),
        ("gym.example:99999", ""),
        ("user@gym.example", ""),
        ("gym.example/path", ""),
        ("gym.example#a", ""),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("127.0.0.1", True),
        ("192.168.1.5", True),
        ("::1", True),
        ("gym.example", True),
        ("cam.gym.example", True),
        ("evilgym.example", False),
        ("gym.example.evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("", False),
    ],
)
def test_addresses_and_allowed_names_are_answered(name: str, is_known: bool) -> None:
    assert is_allowed(name, ALLOWED) is is_known


def test_a_star_allows_every_name_and_nothing_allows_none() -> None:
    assert is_allowed("evil.test", ["*"])
    assert not is_allowed("evil.test", [])


def test_this_computers_names_are_its_own() -> None:
    name = socket.gethostname().lower()
    assert {"localhost", name, f"{name.partition('.')[0]}.local"} <= own_names()


@given(st.text(max_size=50))
def test_any_header_gives_a_name_or_none(header: str) -> None:
    assert not is_allowed(host_name(header + ".evil.test"), own_names())


@pytest.mark.parametrize(
    ("url", "origin"),
    [("http://Gym.example:8501/review", "gym.example:8501"), ("null", ""), ("http://[::1", ""), ("", "")],
)
def test_the_host_and_port_of_an_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin
