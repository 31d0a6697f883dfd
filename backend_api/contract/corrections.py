"""People's corrections of uses: what was really there, where the camera's edge saw one use of a machine."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from backend_api.contract.values import NO_NUL, Timestamp, Value, Who


class UseTruth(StrEnum):
    """The truth of a use, or that nobody corrects the use any more."""

    NOBODY = "nobody"
    OTHER_MACHINE = "other_machine"
    TWO_PEOPLE = "two_people"
    WITHDRAWN = "withdrawn"


# By these there was no use of the machine.
NO_USE_TRUTHS = frozenset({UseTruth.NOBODY, UseTruth.OTHER_MACHINE})


class UseCorrection(Value):
    """A person's correction of a use."""

    truth: UseTruth = Field(
        description=(
            "`nobody` was there; it was at the `other_machine`; `two_people` used it in turn. By the first two there "
            "was no use: it counts in no figure, and its verdict in no agreement. Of two people there were two uses, "
            "of unknown lengths, and the cleaning window is that of the second. `withdrawn` takes back what was said: "
            "the use counts as its events tell it."
        )
    )
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)
    who: Who = "anonymous"


class StoredCorrection(UseCorrection):
    """A correction as it is kept: of which use, and when it came."""

    # Releases before this one let NUL into both.
    note: str
    who: str
    session_id: UUID
    at: Timestamp


class CorrectionList(Value):
    """Every correction of a use, the oldest first."""

    items: list[StoredCorrection]
