"""Texts that the database keeps by themselves: none may hold what no PostgreSQL text can."""

from collections.abc import Callable

import pytest
from pydantic import TypeAdapter, ValidationError

from backend_api.contract.alerts import Who
from backend_api.contract.compliance import DrawRequest
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.verdicts import Agree, Review

TEXTS: list[Callable[[str], object]] = [
    lambda text: Review(agree=Agree.YES, note=text),
    lambda text: Review(agree=Agree.YES, who=text),
    lambda text: UseCorrection(truth=UseTruth.NOBODY, note=text),
    lambda text: UseCorrection(truth=UseTruth.NOBODY, who=text),
    lambda text: TypeAdapter(Who).validate_python(text),
    lambda text: DrawRequest(model=text, prompt_version="1"),
    lambda text: DrawRequest(model="m", prompt_version=text),
]


@pytest.mark.parametrize("make", TEXTS)
def test_nul_is_refused_and_all_else_is_not(make: Callable[[str], object]) -> None:
    make("two\nlines, \x7f, and \U0001f3cb")
    for text in ("\0", "a\0", "\0a", "a\n\0"):
        with pytest.raises(ValidationError, match="pattern"):
            make(text)
