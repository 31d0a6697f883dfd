"""When groups of pictures may be skipped: a policy over what is known of a stream's key pictures (pure).

A group is a key picture and all up to the next one. While nobody comes to a machine or leaves one its key pictures are
looked at alone, and a group between two that show the machines as they are known is not decoded. Invariant: no stay and
no absence that the rules tell of lies wholly within a skipped group. Hence groups may be at most as long as the
shortest of these, `longest_s`; where they are longer, are open, or cannot be begun at their key picture, everything is
decoded.
"""

from dataclasses import dataclass, replace

# Where a group has fewer looks, a look at its key picture besides saves next to nothing.
_LEAST_LOOKS = 2.5
_KNOWN_GROUPS = 2
# So many looks in a row that saved nothing, and for so many groups none is tried then.
_TRIES = 10
_REST_GROUPS = 50
_TOLERANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Economy:
    """What is known of the groups of one stream; looks come `fps` a second.

    `lengths_s` are those of the last groups, `refusal` is a lasting hindrance, `tries` counts the looks in a row that
    saved nothing, and `rest` the groups for which none is tried.
    """

    longest_s: float
    fps: float
    key_s: float | None = None
    lengths_s: tuple[float, ...] = ()
    refusal: str | None = None
    tries: int = 0
    rest: int = 0

    @property
    def is_regular(self) -> bool:
        """Whether the last groups were short enough, are known, and each can be decoded without the one before."""
        is_known = self.refusal is None and len(self.lengths_s) == _KNOWN_GROUPS
        return is_known and max(self.lengths_s) <= self.longest_s + _TOLERANCE_S

    @property
    def why_off(self) -> str | None:
        """Why every group is decoded, in a phrase; None while groups may be skipped."""
        if self.refusal is not None:
            return self.refusal
        if len(self.lengths_s) < _KNOWN_GROUPS:
            return "its key pictures are not known yet"
        if not self.is_regular:
            return (
                f"its key pictures are {max(self.lengths_s):.1f} s apart, and at most {self.longest_s:g} s are safe,"
                " the shortest of enter_s, exit_s and attempt_s: set a key picture every second or two in the camera"
            )
        if min(self.lengths_s) * self.fps < _LEAST_LOOKS:
            return "its key pictures are as close as the looks of detection, so it would save nothing"
        if self.rest:
            return (
                "it saves nothing at present: people come to machines, leave them or are near them nearly all the time"
            )
        return None

    def is_overlong(self, time_s: float) -> bool:
        """Whether the group that has begun with the last key picture is too long at `time_s`."""
        return self.key_s is None or time_s - self.key_s > self.longest_s + _TOLERANCE_S

    def after_key(self, time_s: float) -> "Economy":
        """With the next key picture, at `time_s` of media time."""
        lengths_s = self.lengths_s if self.key_s is None else (*self.lengths_s, time_s - self.key_s)
        return replace(self, key_s=time_s, lengths_s=lengths_s[-_KNOWN_GROUPS:], rest=max(0, self.rest - 1))

    def after_look(self, *, has_saved: bool) -> "Economy":
        """With a look at a key picture that was for nothing, or after which a group was skipped."""
        tries = 0 if has_saved else self.tries + 1
        return replace(self, tries=0, rest=_REST_GROUPS) if tries >= _TRIES else replace(self, tries=tries)

    def torn(self) -> "Economy":
        """With pictures missing: how long this group is cannot be known."""
        return replace(self, key_s=None)

    def refused(self, reason: str) -> "Economy":
        """With a hindrance that lies in the stream, in a phrase."""
        return replace(self, refusal=reason)

    def afresh(self) -> "Economy":
        """For another stream, of which nothing is known."""
        return Economy(self.longest_s, self.fps)
