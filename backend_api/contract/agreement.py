"""The answer of GET /stats/agreement: how far people agree with the model."""

from pydantic import Field, NonNegativeInt

from backend_api.contract.values import Value


class Interval(Value):
    """A value between the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class ModelAgreement(Value):
    """People's agreement with one model, asked with one prompt; null without reviews enough."""

    model: str
    prompt_version: str
    agreed: NonNegativeInt
    disagreed: NonNegativeInt
    unsure: NonNegativeInt
    cannot_tell: NonNegativeInt
    agreement: Interval | None = Field(
        description="agreed / (agreed + disagreed), of the latest review of each verdict; null without any of these."
    )
    sensitivity: Interval | None
    specificity: Interval | None
    kappa: Interval | None


class AgreementList(Value):
    """One row a model and prompt version that somebody reviewed."""

    items: list[ModelAgreement]
