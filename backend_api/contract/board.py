"""The board for members: which machines are free, and nothing about anybody."""

from typing import Literal

from pydantic import Field

from backend_api.contract.values import Name, Timestamp, Value


class BoardMachine(Value):
    """A machine on the board."""

    machine_id: Name
    name: str
    state: Literal["free", "in_use", "unknown"] = Field(
        description="in_use: somebody is on it; unknown: nothing has been heard of its camera; free: else."
    )


class Board(Value):
    """The machines of a gym, by name."""

    at: Timestamp
    machines: list[BoardMachine]
