"""How long clips are, and what follows: how late an attempt is told, and how far back packets are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from backend_api.contract.events import EventType
from edge_service.privacy.masking import settle_s
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import RuleTimes

MAX_CLIP_S = 300.0
# What the smoothing of presence may add to the times of the rules, and what waits in the decoder.
_SMOOTHING_S = 3.0
_DECODING_S = 2.0

# Of the instant at which a use was last seen.
_AT_THE_END = frozenset({EventType.MACHINE_OCCUPIED_END, EventType.CLEANING_WINDOW_OPEN})

_Seconds = Annotated[float, Field(strict=True, gt=0, le=MAX_CLIP_S, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """How many seconds a clip shows before and after its event, each above 0 and at most 300.

    `end_pre_s` in place of `pre_s` before the end of a use, so that its clip shows whether the machine was wiped before
    it was left. A cleaning window opens at the same instant and has the same clip. `events` says which clips are kept.
    """

    pre_s: _Seconds = 3.0
    post_s: _Seconds = 5.0
    end_pre_s: _Seconds = 15.0
    events: Literal["all", "attempts"] = "all"

    def keeps(self, event_type: EventType) -> bool:
        """Whether a clip of such an event is kept."""
        return self.events == "all" or event_type is EventType.CLEANING_ATTEMPT

    def before_s(self, event_type: EventType) -> float:
        """How many seconds the clip of such an event shows before it; none where it is not kept."""
        if not self.keeps(event_type):
            return 0.0
        return self.end_pre_s if event_type in _AT_THE_END else self.pre_s


def attempt_delay_s(
    rules: Iterable[RuleTimes], clip: ClipConfig, *, fps: float, privacy: PrivacyConfig | None = None
) -> float:
    """How many seconds after a cleaning attempt began its event is made at the latest: it is known, its clip whole."""
    known_s = max((rule.attempt_s for rule in rules), default=0.0) + _SMOOTHING_S
    masked_s = 0.0 if privacy is None else settle_s(privacy)
    return max(known_s, clip.post_s) + 2 / fps + _DECODING_S + masked_s


def reach_s(
    rules: Iterable[RuleTimes],
    clip: ClipConfig,
    *,
    fps: float,
    privacy: PrivacyConfig | None = None,
    kept_late_s: float = 0.0,
) -> float:
    """How many seconds a packet ring must reach back so that every event's clip is still whole when it is cut.

    An event is known only when its presence, absence or attempt has lasted as long as the rules ask, at one of `fps`
    looks a second, and its clip begins `clip.before_s` before it and ends `clip.post_s` after it. Where people are
    hidden it is cut only when it is known who was seen around it. While groups of pictures are kept frames may come
    `kept_late_s` seconds late: that holds for a use that begins and for an attempt, and not for the end of a use.
    """
    rules = list(rules)
    delay_s = max((max(rule.enter_s, rule.attempt_s) for rule in rules), default=0.0)
    end_delay_s = max((rule.exit_s for rule in rules), default=0.0)
    back_s = max(
        clip.pre_s + max(delay_s + _SMOOTHING_S, clip.post_s) + kept_late_s,
        clip.end_pre_s + max(end_delay_s + _SMOOTHING_S, clip.post_s),
    )
    masked_s = 0.0 if privacy is None else settle_s(privacy)
    return back_s + 2 / fps + _DECODING_S + masked_s
