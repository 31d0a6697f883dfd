"""Texts that the database keeps by themselves: none may hold what no PostgreSQL text can."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from backend_api.contract.alerts import Acknowledgement, Snooze
from backend_api.contract.cameras import MachineSetup
from backend_api.contract.compliance import DrawRequest
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.looks import LookRequest
from backend_api.contract.verdicts import Agree, Review
from backend_api.contract.zone_versions import ZoneChange, ZoneRefusal, ZoneSet

BIKE = MachineSetup(machine_id="bike_01", name="Bike", zone=((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))
TEXTS: list[Callable[[str], object]] = [
    lambda text: Review(agree=Agree.YES, note=text),
    lambda text: Review(agree=Agree.YES, who=text),
    lambda text: UseCorrection(truth=UseTruth.NOBODY, note=text),
    lambda text: UseCorrection(truth=UseTruth.NOBODY, who=text),
    lambda text: Acknowledgement(who=text),
    lambda text: Snooze(until=None, who=text),
    lambda text: LookRequest(who=text),
    lambda text: ZoneChange(zones=ZoneSet(machines=(BIKE,), areas=()), who=text),
    lambda text: ZoneRefusal(version=1, problem=text),
    lambda text: BIKE.model_validate({**BIKE.model_dump(), "name": text}),
    lambda text: DrawRequest(model=text, prompt_version="1"),
    lambda text: DrawRequest(model="m", prompt_version=text),
]


@pytest.mark.parametrize("make", TEXTS)
def test_nul_is_refused_and_all_else_is_not(make: Callable[[str], object]) -> None:
    make("two\nlines, \x7f, and \U0001f3cb")
    for text in ("\0", "a\0", "\0a", "a\n\0"):
        with pytest.raises(ValidationError, match="pattern"):
            make(text)
