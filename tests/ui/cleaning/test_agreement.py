"""How far people agree, in a line that a person reads."""

from backend_api.contract.agreement import AgreementList, Interval, ModelAgreement
from ui.cleaning.agreement import NOTHING, agreement_lines


def made(agreed: int, disagreed: int, agreement: Interval | None, kappa: Interval | None = None) -> AgreementList:
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
    interval, kappa = Interval(value=0.9, low=0.699, high=0.972), Interval(value=0.8, low=0.53, high=1)
    assert agreement_lines(made(18, 2, interval, kappa)) == [
        "mock, prompt 2: people agreed with 18 of 20 verdicts, 90 % (95 % interval 70 to 97 %); "
        "beyond chance, kappa 0.80 (0.53 to 1.00)."
    ]


def test_without_a_kappa_and_of_a_single_verdict() -> None:
    assert agreement_lines(made(1, 0, Interval(value=1, low=0.207, high=1))) == [
        "mock, prompt 2: people agreed with 1 of 1 verdict, 100 % (95 % interval 21 to 100 %)."
    ]


def test_without_a_yes_or_no() -> None:
    assert agreement_lines(made(0, 0, None)) == [
        "mock, prompt 2: nobody has said yet whether a verdict is right (1 review unsure)."
    ]


def test_without_a_review_it_says_how_to_begin() -> None:
    assert agreement_lines(AgreementList(items=[])) == [NOTHING]
