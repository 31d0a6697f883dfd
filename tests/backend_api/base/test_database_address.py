"""Addresses of databases: what is taken, and that no password is ever shown."""

from pathlib import Path

import pytest

from backend_api.base.arguments import ArgumentParser
from backend_api.base.database_address import ADDRESS_VARIABLE, DatabaseAddress, add_database_flag, media_folder_beside
from backend_api.base.process import REPOSITORY, UsageError

SERVER = "postgresql://gym:s3cret@db.example:6432/gym?sslmode=verify-full"


@pytest.mark.parametrize(
    "url",
    ["mysql://user:s3cret@host/events", "sqlite://", "sqlite:///:memory:", "://", "postgresql://u:s3cret@host:port/x"],
)
def test_other_databases_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"app\.db") as raised:
        DatabaseAddress.of(url)
    assert "s3cret" not in str(raised.value)


def test_a_url_or_a_path_names_a_file() -> None:
    assert DatabaseAddress.of("sqlite:////var/app.db") == DatabaseAddress(Path("/var/app.db"))
    assert DatabaseAddress.of("sqlite:///data/app.db") == DatabaseAddress(Path("data/app.db"))
    assert DatabaseAddress.of("data/app.db") == DatabaseAddress(Path("data/app.db"))
    assert media_folder_beside(DatabaseAddress.of("data/app.db")) == Path("data/media")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_server_is_shown_without_its_password(scheme: str) -> None:
    address = DatabaseAddress.of(SERVER.replace("postgresql", scheme))
    assert address.url is not None
    assert (address.url.host, address.url.password, address.url.query["sslmode"]) == (
        "db.example",
        "s3cret",
        "verify-full",
    )
    for text in (str(address), repr(address), f"{address}"):
        assert "s3cret" not in text
        assert "db.example:6432/gym" in text
    with pytest.raises(UsageError, match="--media-dir") as raised:
        media_folder_beside(address)
    assert "s3cret" not in str(raised.value)


def test_the_variable_keeps_the_address_from_other_users(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parse(*flags: str) -> DatabaseAddress:
        parser = ArgumentParser()
        add_database_flag(parser, "the database")
        with pytest.raises(SystemExit):
            parser.parse_args(["--help"])
        assert "s3cret" not in capsys.readouterr().out
        address: DatabaseAddress = parser.parse_args(flags).db
        return address

    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    assert parse() == DatabaseAddress(REPOSITORY / "data" / "app.db")
    monkeypatch.setenv(ADDRESS_VARIABLE, SERVER)
    assert parse() == DatabaseAddress.of(SERVER)
    assert parse("--db", "mine.db") == DatabaseAddress(Path("mine.db"))
