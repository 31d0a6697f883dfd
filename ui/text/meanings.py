"""The meaning of each figure, in the contract's own words with fields by their names. Pure."""

import re

from backend_api.contract.stats import Figures
from ui.text.words import VERDICT_WORDS

FIGURE_WORDS = {
    "occupied_s": "Time in use",
    "observed_s": "Time observed",
    "utilisation": "Share of time in use",
    "sessions": "Sessions",
    "sessions_reported": "Uses reported",
    "sessions_corrected": "Uses corrected",
    "median_stay_s": "Median stay",
    "windows_closed": "Windows closed",
    "windows_after_hours": "Closed after hours",
    "windows_not_judged": "Not judged",
    "windows_cleaned": "Cleaned",
    "windows_cleaned_before_leaving": "Cleaned before leaving",
    "windows_not_attempted": "No attempt",
    "windows_not_cleaned": "Not cleaned",
    "windows_cannot_tell": "Cannot tell",
    "windows_unjudged": "No verdict",
    "compliance": "Compliance",
    "median_to_clean_s": "Median time to clean",
}
# Within a sentence some of them would not say what they are of.
_IN_SENTENCES = {name: words.lower() for name, words in FIGURE_WORDS.items()} | {
    "windows_cleaned": "windows cleaned",
    "windows_after_hours": "windows closed after hours",
    "windows_not_judged": "windows that nobody can judge",
}
_NAME = re.compile(r"\b(" + "|".join(FIGURE_WORDS) + r")\b")
_VERDICT = re.compile("`(" + "|".join(VERDICT_WORDS) + ")`")


def meaning(field: str) -> str:
    """The meaning of the figure `field` of the contract's Figures, as an operator reads it."""
    text = Figures.model_fields[field].description or ""
    text = _VERDICT.sub(lambda match: f"“{_verdict_words(match[1])}”", text)
    text = _NAME.sub(lambda match: _IN_SENTENCES[match[1]], text.replace(" / ", " ÷ "))
    text = text.replace("; null when", "; no figure when")
    return text[:1].upper() + text[1:]


def _verdict_words(code: str) -> str:
    return next(words for verdict, words in VERDICT_WORDS.items() if verdict == code)
