"""The privacy settings: what of a picture is hidden, and whether any picture is kept at all."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from backend_api.contract.events import MaskKind
from edge_service.rules.polygon import Polygon

PicturesKept = Literal["all", "none"]
MAX_AREAS = 50


def _known_mask(value: object) -> object:
    if value not in get_args(MaskKind):
        raise ValueError(f"{value!r} is no mask of this version; write none, heads or people")
    return value


def _known_pictures(value: object) -> object:
    if value not in get_args(PicturesKept):
        raise ValueError(f"{value!r} is not known here; write all, or none for events without any picture")
    return value


@dataclass(frozen=True, slots=True)
class PrivacyConfig:
    """Heads or whole people are pixelated as `mask` says, and `areas` (polygons in 0..1 of the picture) are black.

    With `only_zones` all that lies outside of the machines' zones and a margin is pixelated, too. With `pictures` none
    there are no clips, thumbnails and stills. A clip that is masked is at most `clip_height` pixels high and has at
    most `clip_fps` pictures a second.
    """

    mask: Annotated[MaskKind, BeforeValidator(_known_mask)] = "none"
    areas: Annotated[tuple[Polygon, ...], Field(max_length=MAX_AREAS)] = ()
    only_zones: Annotated[bool, Field(strict=True)] = False
    pictures: Annotated[PicturesKept, BeforeValidator(_known_pictures)] = "all"
    clip_height: Annotated[int, Field(strict=True, ge=144, le=2160)] = 720
    clip_fps: Annotated[float, Field(strict=True, ge=1, le=30)] = 10.0

    @property
    def hides(self) -> bool:
        """Whether anything in a picture is hidden."""
        return self.mask != "none" or bool(self.areas) or self.only_zones
