"""A strict reading of a YAML file: every value knows its file, line and key, so that every mistake is named."""

import reprlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from backend_api.base.process import UsageError

_LIMIT = 10**15  # beyond it, neighbouring seconds are no longer apart by a millisecond in a float


class _Loader(yaml.SafeLoader):
    """Plain data alone. Aliases are refused: a value that stands in two places has no one line to be named by."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"an alias (*name) in line {line} is not supported; write the value out")
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a YAML file. Its reading methods raise UsageError when it is not what they read.

    `value` is a dict of Settings by key, a tuple of Settings, or a plain scalar. `key` is the path from the top, such
    as `machines[0].rules.enter_s`; `owner` says in words what a path with numbers in it belongs to.
    """

    file: str
    line: int
    key: str
    value: object
    owner: str = ""

    def error(self, problem: str) -> UsageError:
        """The error that names this place: `problem` says what is wrong, and how to put it right."""
        place = f"{self.key or 'the file'}{f' ({self.owner})' if self.owner else ''}"
        return UsageError(f"{self.file}:{self.line}: {place}: {problem}")

    def owned_by(self, owner: str) -> "Setting":
        """The same value, whose errors and whose parts' errors name `owner`."""
        value = self.value
        if isinstance(value, dict):
            value = {key: part.owned_by(owner) for key, part in value.items()}
        elif isinstance(value, tuple):
            value = tuple(part.owned_by(owner) for part in value)
        return replace(self, value=value, owner=owner)

    def section(self, *known: str, required: tuple[str, ...] = ()) -> dict[str, "Setting"]:
        """Its parts by key; none but `known` may be there, and `required` must."""
        if not isinstance(self.value, dict):
            raise self.error(f"must be a section with the keys {', '.join(known)}, not {self._found()}")
        for key, part in self.value.items():
            if key not in known:
                raise part.error(f"unknown key; known here are {', '.join(known)}")
        for key in required:
            if key not in self.value:
                raise self.error(f"the key {key} is missing; add it")
        return self.value

    def items(self) -> tuple["Setting", ...]:
        """Its parts in order."""
        if not isinstance(self.value, tuple):
            raise self.error(f"must be a list, not {self._found()}")
        return self.value

    def number(self, *, above: float | None = None, least: float | None = None, most: float | None = None) -> float:
        """A finite number within the bounds."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(f"must be a number, not {self._found()}")
        if not abs(value) < _LIMIT:
            raise self.error("must be a finite number less than 1e15")
        if above is not None and value <= above:
            raise self.error(f"is {value:g}; must be greater than {above:g}")
        if least is not None and value < least:
            raise self.error(f"is {value:g}; must be at least {least:g}")
        if most is not None and value > most:
            raise self.error(f"is {value:g}; must be at most {most:g}")
        return float(value)

    def whole_number(self, *, least: int) -> int:
        """An integer of at least `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.error(f"must be a whole number, not {self._found()}")
        if self.value < least:
            raise self.error(f"is {self.value}; must be at least {least}")
        return self.value

    def text(self) -> str:
        """Text with something in it."""
        if not isinstance(self.value, str):
            raise self.error(f"must be text, not {self._found()}; put it in quotes")
        if not self.value.strip():
            raise self.error("is empty; write some text")
        return self.value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"must be true or false, not {self._found()}")
        return self.value

    def _found(self) -> str:
        if self.value is None:
            return "empty"
        if isinstance(self.value, (dict, tuple)):
            return "a section" if isinstance(self.value, dict) else "a list"
        return reprlib.repr(self.value)


def read_settings(path: Path, flag: str = "--config") -> Setting:
    """The top of the YAML file at `path`, given as `flag`. Raises UsageError when it cannot be read or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a readable file with {flag}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise UsageError(f"{path}: is empty; it needs at least the section machines")
        return _setting(node, "", 0, str(path), loader.construct_object)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise UsageError(f"{place}: is no valid YAML: {getattr(error, 'problem', None) or error}") from error


def _setting(node: yaml.Node, key: str, line: int, file: str, construct: Callable[[yaml.Node], object]) -> Setting:
    """`node` and all below it; `line` is that of its key, or 0 where it has none."""
    place = Setting(file, line or node.start_mark.line + 1, key, None)
    if isinstance(node, yaml.SequenceNode):
        parts = [_setting(part, f"{key}[{index}]", 0, file, construct) for index, part in enumerate(node.value)]
        return replace(place, value=tuple(parts))
    if isinstance(node, yaml.MappingNode):
        section: dict[str, Setting] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise place.error("has a key that is a list or a section; a key is one word")
            name = key_node.value
            inner = f"{key}.{name}" if key else name
            part = _setting(value_node, inner, key_node.start_mark.line + 1, file, construct)
            if name in section:
                raise part.error(f"stands here a second time (first in line {section[name].line}); remove one")
            section[name] = part
        return replace(place, value=section)
    try:
        return replace(place, value=construct(node))
    except ValueError as error:
        raise place.error(f"cannot be read: {error}; put it in quotes if it is text") from error
