"""How far people agree with the model, in a line for each model and prompt. Pure."""

from backend_api.contract.agreement import AgreementList, Interval, ModelAgreement
from ui.text.words import counted, percent

NOTHING = "Nobody has reviewed a verdict yet. Open a session in Review and say whether its verdict is right."


def agreement_lines(agreement: AgreementList) -> list[str]:
    """What people think of each model's verdicts, over all time; one line that says how to begin without any."""
    return [_line(item) for item in agreement.items] or [NOTHING]


def _line(item: ModelAgreement) -> str:
    decided = item.agreed + item.disagreed
    asked = f"{item.model}, prompt {item.prompt_version}"
    if item.agreement is None:
        return f"{asked}: nobody has said yet whether a verdict is right ({counted(item.unsure, 'review')} unsure)."
    share = f"people agreed with {item.agreed} of {counted(decided, 'verdict')}, {percent(item.agreement.value)}"
    interval = f"95 % interval {100 * item.agreement.low:.0f} to {percent(item.agreement.high)}"
    return f"{asked}: {share} ({interval}){_beyond_chance(item.kappa)}."


def _beyond_chance(kappa: Interval | None) -> str:
    if kappa is None:
        return ""
    return f"; beyond chance, kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
