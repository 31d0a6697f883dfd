"""Statements: every one that the project runs can be said in SQLite's and in PostgreSQL's words."""

import gc
import importlib
import pkgutil
import sys

import pytest
from sqlalchemy import Column, Dialect, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.sql.selectable import SelectBase

import backend_api
from backend_api.store.db.statements import Insert, Statement

DIALECTS: tuple[Dialect, ...] = (SQLiteDialect(), PGDialect())  # type: ignore[no-untyped-call]
# What SQLite alone has, or says in its own way.
SQLITE_ALONE = ("json_", "julianday", "strftime", "datetime(", "printf(", "ifnull(", "iif(", " GLOB ", "rowid")


def all_statements() -> list[Statement | Insert]:
    """Those of every module of the backend; each is made when its module is imported."""
    for module in pkgutil.walk_packages(backend_api.__path__, "backend_api."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    # A test that served requests in this process has frozen what was there then, and gc lists no frozen objects.
    gc.unfreeze()
    return [found for found in gc.get_objects() if isinstance(found, (Statement, Insert))]


def all_reads() -> list[SelectBase]:
    """The selects that modules of the backend keep."""
    all_statements()
    return [
        value
        for name, module in sorted(sys.modules.items())
        if name.startswith("backend_api.")
        for value in vars(module).values()
        if isinstance(value, SelectBase)
    ]


def test_there_are_as_many_as_somebody_counted() -> None:
    """So that none is missed because it is kept elsewhere."""
    assert len(all_statements()) >= 30
    assert len(all_reads()) >= 10


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_write_compiles_in_words_that_both_know(dialect: Dialect) -> None:
    for statement in all_statements():
        text = str(statement.compiled(dialect))
        # Lists that grow with their values are for SQLAlchemy's own connections: the driver would read this as a name.
        assert "POSTCOMPILE" not in text
        assert not any(word in text for word in SQLITE_ALONE), text


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_read_compiles_in_words_that_both_know(dialect: Dialect) -> None:
    for statement in all_reads():
        text = str(statement.compile(dialect=dialect))
        assert not any(word in text for word in SQLITE_ALONE), text


def test_columns_out_of_order_are_refused_since_their_values_would_be_exchanged() -> None:
    table = Table("t", MetaData(), Column("a", Integer), Column("b", Integer))
    with pytest.raises(ValueError, match="t: "):
        Insert(table, ("b", "a"))
