"""Cards say what each figure is of, and never 0 % where nothing closed; agreement is a line that a person reads."""

from backend_api.contract.stats import AgreementList, Estimate, ModelAgreement
from tests.ui.made_up import make_figures
from ui.cleaning.report import NOTHING, agreement_lines, cleaning_cards, not_judged_line, nothing_words

BUSY = make_figures(
    sessions=5,
    windows_closed=4,
    windows_cleaned=3,
    windows_not_attempted=1,
    compliance=0.75,
    median_to_clean_s=40.0,
)


def test_small_numbers_are_told_as_they_are() -> None:
    compliance, to_clean, uncleaned, closed = cleaning_cards(BUSY, make_figures())
    assert (compliance.value, compliance.note) == ("75 %", "3 of 4 windows")
    assert (to_clean.value, to_clean.note) == ("40 s", "of 3 windows cleaned by an attempt")
    assert (uncleaned.value, uncleaned.note) == ("1", "1 no attempt")
    assert (closed.value, closed.note) == ("4", "after 5 sessions that began")
    assert {card.change for card in (compliance, to_clean, uncleaned, closed)} == {None}
    assert all(card.meaning for card in (compliance, to_clean, uncleaned, closed))


def test_changes_are_against_what_was_before() -> None:
    before = make_figures(windows_closed=2, windows_not_cleaned=2, compliance=0.0)
    changes = [card.change for card in cleaning_cards(BUSY, before)]
    assert [change and change.words for change in changes] == [
        "up 75 points from 0 %",
        None,
        "down 1 from 2",
        "up 2 from 2",
    ]
    assert [change and change.is_good for change in changes] == [True, None, True, None]


def test_of_nothing_there_is_no_figure() -> None:
    values = [card.value for card in cleaning_cards(make_figures(), BUSY)]
    assert values == ["none", "none", "0", "0"]


def made(agreed: int, disagreed: int, agreement: Estimate | None, kappa: Estimate | None = None) -> AgreementList:
    row = ModelAgreement(
        model="mock",
        prompt_version="2",
        agreed=agreed,
        disagreed=disagreed,
        unsure=1,
        cannot_tell=0,
        agreement=agreement,
        sensitivity=None,
        specificity=None,
        kappa=kappa,
    )
    return AgreementList(items=[row])


def test_counts_share_and_intervals() -> None:
    interval, kappa = Estimate(value=0.9, low=0.699, high=0.972), Estimate(value=0.8, low=0.53, high=1)
    assert agreement_lines(made(18, 2, interval, kappa)) == [
        "mock, prompt 2: people agreed with 18 of 20 verdicts, 90 % (95 % interval 70 to 97 %); "
        "beyond chance, kappa 0.80 (0.53 to 1.00)."
    ]


def test_without_a_kappa_and_of_a_single_verdict() -> None:
    assert agreement_lines(made(1, 0, Estimate(value=1, low=0.207, high=1))) == [
        "mock, prompt 2: people agreed with 1 of 1 verdict, 100 % (95 % interval 21 to 100 %)."
    ]


def test_without_a_yes_or_no() -> None:
    assert agreement_lines(made(0, 0, None)) == [
        "mock, prompt 2: nobody has said yet whether a verdict is right (1 review unsure)."
    ]


def test_without_a_review_it_says_how_to_begin() -> None:
    assert agreement_lines(AgreementList(items=[])) == [NOTHING]


def test_windows_that_nobody_can_judge_are_told() -> None:
    assert not_judged_line(make_figures(windows_not_judged=2)).startswith("2 windows with an attempt are not counted")
    assert not_judged_line(make_figures(windows_not_judged=1)).startswith("1 window with an attempt is not counted")
    assert "privacy setting" in nothing_words(make_figures(windows_not_judged=1))
    assert "Choose other days" in nothing_words(make_figures())
