"""Who and what a camera's edge saw at one moment, in words. Pure."""

from collections.abc import Mapping, Sequence

from backend_api.contract.looks import SeenMachine, SeenPerson, SeenState
from ui.text.words import duration

# More of them would be no sentence any more; they are in the picture.
_NAMED_PEOPLE = 6
_WORDS = {SeenState.FREE: "free", SeenState.IN_USE: "in use", SeenState.TO_BE_CLEANED: "to be cleaned"}


def state_words(machine: SeenMachine) -> str:
    """A machine's state with what may soon change it, e.g. `in use for 12 s, nobody there for 3 s`."""
    parts = [_WORDS[machine.state] + ("" if machine.for_s is None else f" for {duration(machine.for_s)}")]
    if machine.is_attempted:
        parts.append("attempt seen")
    if machine.there_s is not None:
        parts.append(f"somebody there for {duration(machine.there_s)}")
    if machine.gone_s is not None:
        parts.append(f"nobody there for {duration(machine.gone_s)}")
    return ", ".join(parts)


def people_words(people: Sequence[SeenPerson], names: Mapping[str, str]) -> str:
    """Who was seen, in a sentence; `names` are those of machines, by their ids."""
    followed = [person for person in people if person.track_id is not None]
    if not people:
        return "Nobody was seen."
    named = [
        f"number {person.track_id} ({person.score:.2f}) {_where(person, names)}" for person in followed[:_NAMED_PEOPLE]
    ]
    if len(followed) > _NAMED_PEOPLE:
        named.append(f"{len(followed) - _NAMED_PEOPLE} more")
    seen = "1 person was seen" if len(followed) == 1 else f"{len(followed)} people were seen"
    said = f"{seen}: {'; '.join(named)}." if named else "Nobody was seen for certain."
    doubtful = len(people) - len(followed)
    boxes = "1 box" if doubtful == 1 else f"{doubtful} boxes"
    return f"{said} {boxes} too doubtful to be somebody." if doubtful else said


def _where(person: SeenPerson, names: Mapping[str, str]) -> str:
    at = [names.get(machine_id, machine_id) for machine_id in person.zones]
    return f"at {' and '.join(at)}" if at else "at no machine"
