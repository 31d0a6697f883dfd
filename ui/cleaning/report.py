"""The figures of cleaning at a glance, beside those of the time before, and the agreement of people with each model."""

from backend_api.contract.stats import AgreementList, Estimate, Figures, ModelAgreement
from ui.cleaning.breakdown import kinds_in_words, uncleaned
from ui.text.meanings import FIGURE_WORDS, meaning
from ui.text.words import counted, duration, percent
from ui.widgets.figure_cards import NO_FIGURE, Card, Wanted, count_change, duration_change, share_change

NOTHING = "Nobody has reviewed a verdict yet. Open a session in Review and say whether its verdict is right."


def cleaning_cards(now: Figures, before: Figures) -> list[Card]:
    """Compliance, time to clean, and uncleaned windows; only for a time in which windows closed."""
    had_windows = before.windows_closed > 0
    return [
        Card(
            FIGURE_WORDS["compliance"],
            NO_FIGURE if now.compliance is None else percent(now.compliance),
            _cleaned_words(now),
            meaning("compliance"),
            share_change(now.compliance, before.compliance, Wanted.UP),
        ),
        Card(
            FIGURE_WORDS["median_to_clean_s"],
            NO_FIGURE if now.median_to_clean_s is None else duration(now.median_to_clean_s),
            f"of {counted(now.windows_cleaned - now.windows_cleaned_before_leaving, 'window')} cleaned by an attempt",
            meaning("median_to_clean_s"),
            duration_change(now.median_to_clean_s, before.median_to_clean_s, Wanted.DOWN),
        ),
        Card(
            "Uncleaned",
            str(uncleaned(now)),
            kinds_in_words(now),
            f"Windows closed that are not among the windows cleaned. {meaning('windows_closed')}",
            count_change(uncleaned(now), uncleaned(before), Wanted.DOWN) if had_windows else None,
        ),
        Card(
            FIGURE_WORDS["windows_closed"],
            str(now.windows_closed),
            f"after {counted(now.sessions, 'session')} that began",
            meaning("windows_closed"),
            count_change(now.windows_closed, before.windows_closed, Wanted.EITHER) if had_windows else None,
        ),
    ]


def _cleaned_words(now: Figures) -> str:
    """E.g. `5 of 8 windows, 2 before leaving`."""
    words = f"{now.windows_cleaned} of {counted(now.windows_closed, 'window')}"
    before = now.windows_cleaned_before_leaving
    return f"{words}, {before} before leaving" if before else words


def after_hours_line(now: Figures) -> str:
    """The windows that are not counted because the gym was closed by then."""
    verb = "is" if now.windows_after_hours == 1 else "are"
    return f"{counted(now.windows_after_hours, 'window')} that closed after closing time {verb} not counted here."


def nothing_words(now: Figures) -> str:
    """Why there is nothing to measure in days without a window that counts."""
    if now.windows_not_judged:
        return f"There is nothing to measure in these days. {not_judged_line(now)}"
    return "No cleaning window closed in these days, so there is nothing to measure. Choose other days."


def not_judged_line(now: Figures) -> str:
    """The windows that are not counted because their cameras keep no pictures."""
    verb = "is" if now.windows_not_judged == 1 else "are"
    return (
        f"{counted(now.windows_not_judged, 'window')} with an attempt {verb} not counted here: the camera's privacy "
        "setting keeps no pictures, so that nobody can judge."
    )


def agreement_lines(agreement: AgreementList) -> list[str]:
    """The agreement of people with each model's verdicts, over all time; without reviews, how to begin."""
    return [_line(item) for item in agreement.items] or [NOTHING]


def _line(item: ModelAgreement) -> str:
    decided = item.agreed + item.disagreed
    asked = f"{item.model}, prompt {item.prompt_version}"
    if item.agreement is None:
        return f"{asked}: nobody has said yet whether a verdict is right ({counted(item.unsure, 'review')} unsure)."
    share = f"people agreed with {item.agreed} of {counted(decided, 'verdict')}, {percent(item.agreement.value)}"
    interval = f"95 % interval {100 * item.agreement.low:.0f} to {percent(item.agreement.high)}"
    return f"{asked}: {share} ({interval}){_beyond_chance(item.kappa)}."


def _beyond_chance(kappa: Estimate | None) -> str:
    if kappa is None:
        return ""
    return f"; beyond chance, kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
