"""Every figure is explained in words, none of them a field's or a code."""

import re

import pytest

from backend_api.contract.stats import Figures
from ui.text.meanings import FIGURE_WORDS, meaning


@pytest.mark.parametrize("field", Figures.model_fields)
def test_every_figure_has_a_name_and_a_meaning_in_words(field: str) -> None:
    assert FIGURE_WORDS[field]
    text = meaning(field)
    assert text[0].isupper()
    assert text.endswith(".")
    assert not re.search(r"[_`]|null", text), text


def test_a_formula_reads_as_one() -> None:
    formula, when = meaning("compliance").split("; ")
    assert formula == "Windows cleaned ÷ windows closed"
    assert when == "no figure when none closed, and where attempts are not judged and no other was made."
    assert meaning("windows_not_cleaned").startswith("Of those, windows with an attempt whose verdict is “Not cleaned”")
    assert meaning("windows_cleaned_before_leaving").startswith("Of windows cleaned, those of which")
