"""By what an event was found: the edge's release, its detector with its weights, and its configuration."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from backend_api.contract.cameras import MOCK_DETECTOR
from backend_api.contract.values import Sha256

# Where it stands among an event's attributes.
SOURCE = "source"


class EventSource(BaseModel):
    """The eyes that saw an event, in `attributes.source`; it is no part of the event's id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    edge_version: str = Field(max_length=64, description="The edge's release.")
    detector: str = Field(max_length=64, description="The detector's kind: `onnx` detects people, `mock` invents them.")
    weights: str | None = Field(default=None, max_length=255, description="The name of the weights' file.")
    weights_sha256: Sha256 | None = Field(default=None, description="Of the weights' file.")
    config_sha256: Sha256 | None = Field(
        default=None,
        description=(
            "Of what decides what is seen: machines with zone, anchor and rules, and the detector's settings, as "
            "canonical JSON."
        ),
    )

    @property
    def is_mocked(self) -> bool:
        """Whether the people were invented."""
        return self.detector == MOCK_DETECTOR


def source_of(attributes: Mapping[str, JsonValue]) -> EventSource | None:
    """By what the event with these attributes was found; None when it does not say, as those of earlier releases."""
    try:
        return EventSource.model_validate(attributes[SOURCE])
    except (KeyError, ValidationError):
        return None
