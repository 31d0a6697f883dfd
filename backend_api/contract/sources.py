"""By what an event was found: the edge's release, its detector with its weights, and its configuration."""

from collections.abc import Mapping
from typing import Literal

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

    runtime: str | None = Field(
        default=None, max_length=32, description="The hardware that the network ran on: `cpu`, `openvino` or `cuda`."
    )
    input_size: str | None = Field(
        default=None,
        pattern=r"^[1-9][0-9]{0,3}x[1-9][0-9]{0,3}$",
        description="Width and height in pixels in which the network was given pictures, e.g. `544x320`.",
    )
    stream: Literal["main"] | None = Field(
        default=None,
        description="`main` where the main stream was looked at because the one for detection was lost; else left out.",
    )

    def told(self) -> dict[str, JsonValue]:
        """What an event says of it. What an earlier release did not know is left out where it does not apply.

        So events and their sources have the same bytes as before.
        """
        later = {name for name in ("runtime", "input_size", "stream") if getattr(self, name) is None}
        return self.model_dump(mode="json", exclude=later)

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
