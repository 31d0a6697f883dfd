"""A strict reading of YAML into pydantic types: a mistake is one line with the file, the line, the key and the cure."""

import reprlib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from backend_api.base.process import UsageError

MAX_FILE_BYTES = 1024**2
MAX_TEXT_CHARACTERS = 2000

Place = tuple[str | int, ...]
"""The way to a value from the top of the file, such as ("machines", 0, "rules", "enter_s")."""

_T = TypeVar("_T")


class Mistake(ValueError):
    """A mistake in a value, and the cure; for validators."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The plain data of one file, and the line of each place in it."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def error(self, place: Place, problem: str, machine_id: str | None = None) -> UsageError:
        """The error that names `place`: `problem` says what is wrong, and how to put it right.

        A place within a machine is said in words, too; `machine_id` names the machine where the place does not.
        """
        known = place
        while known not in self.lines:
            known = known[:-1]
        key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in known).removeprefix(".")
        owner = machine_id or self._owner(known)
        where = f"{key or 'the file'}{f' (machine {owner})' if owner else ''}"
        return UsageError(f"{self.path}:{self.lines[known]}: {where}: {problem}")

    def read(self, adapter: TypeAdapter[_T]) -> _T:
        """The data as the type of `adapter`. Raises UsageError with the first mistake."""
        try:
            return adapter.validate_python(self.data)
        except ValidationError as error:
            mistake = error.errors(include_url=False)[0]
            raise self.error(mistake["loc"], _in_words(mistake)) from error

    def _owner(self, place: Place) -> str | None:
        value = self.data
        for depth, step in enumerate(place):
            value = value[step] if value is not None else None
            owner = value.get("machine_id") if isinstance(value, dict) else None
            if isinstance(owner, str) and owner and place[depth + 1 :] != ("machine_id",):
                return owner
        return None


def section(kind: type) -> BeforeValidator:
    """Refuses what is no section with the fields of the dataclass `kind`: other values, unknown keys, missing ones."""
    required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    known = [*required, *(f.name for f in fields(kind) if f.name not in required)]

    def check(value: object) -> object:
        if not isinstance(value, dict):
            raise Mistake(f"must be a section with the keys {', '.join(known)}, not {_found(value)}")
        for key in value:
            if key not in known:
                raise _at((key,), f"unknown key; known here are {', '.join(known)}")
        for key in required:
            if key not in value:
                raise ValueError(f"the key {key} is missing; add it")
        return value

    return BeforeValidator(check)


def _at(place: Place, problem: str) -> ValidationError:
    """The mistake `problem` at `place` below the value that is being validated."""
    mistake = PydanticCustomError("mistake", "{problem}", {"problem": problem})
    return ValidationError.from_exception_data("", [InitErrorDetails(type=mistake, loc=place, input=None)])


def _some_text(value: object) -> object:
    if not isinstance(value, str):
        raise Mistake(f"must be text, not {_found(value)}; put it in quotes")
    if not value.strip():
        raise ValueError("is empty; write some text")
    if "\0" in value:
        raise ValueError("holds a NUL, which no database keeps; take it out")
    return value


Text = Annotated[str, BeforeValidator(_some_text), Field(max_length=MAX_TEXT_CHARACTERS)]
"""Text with something in it."""


# What pydantic calls the mistakes that are worth other words than its own.
_TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def _in_words(mistake: ErrorDetails) -> str:
    value, kind, context = mistake["input"], mistake["type"], mistake.get("ctx", {})
    if kind == "finite_number" or (kind == "float_type" and type(value) is int):
        return "must be a finite number"
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {_found(value)}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"is {value:.15g}; must be {words} {context[name]:.15g}"
    if kind in ("too_long", "string_too_long"):
        return f"is too long; write at most {context['max_length']}"
    return str(context["error"]) if kind == "value_error" else mistake["msg"]


def _found(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, (dict, list)):
        return "a section" if isinstance(value, dict) else "a list"
    return reprlib.repr(value)


# By what PyYAML says of a mistake. More than one of these would be a guess.
_SYNTAX_CURES = {
    "an alias (*name)": "or put text that begins with * in quotes",
    "mapping values are not allowed": "write each key as `key: value`, indent keys of one section alike, and put text"
    " with a colon in it in quotes",
    "cannot start any token": "indent with spaces, not tabs, and put text that begins with @, ` or % in quotes",
    "expected ',' or": "close the bracket that was opened before, and put commas between what is in it",
    "could not find expected ':'": "write each key as `key: value`, with a space behind the colon",
    "expected <block end>": "indent all keys of one section, and the dashes of one list, by the same number of spaces",
    "stream": "close the quotes or brackets that were opened before",
    "could not determine a constructor": "take the tag, which begins with !, off",
    "but found another document": "remove the line ---: one file is one document",
}
_ANY_SYNTAX_CURE = "compare the line, and those before it, with the file of this kind that the project comes with"


class _Loader(yaml.SafeLoader):
    """Plain data alone. Aliases are refused: a value that stands in two places has no one line to be named by."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            problem = f"an alias (*name) in line {mark.line + 1} is not supported; write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        return super().compose_node(parent, index)


def read_yaml(path: Path, flag: str = "--config", *, needs: str = "machines") -> YamlFile:
    """The YAML file at `path`, given as `flag`. Raises UsageError when it cannot be read, is no YAML, or empty.

    `needs` is a section that it cannot do without.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a readable file with {flag}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{path}: is longer than 1 MiB; name another file with {flag}")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise UsageError(f"{path}: is empty; it needs at least the section {needs}")
        result = YamlFile(path, None, {})
        return YamlFile(path, _plain(node, (), node.start_mark.line + 1, result, loader.construct_object), result.lines)
    except yaml.YAMLError as error:
        line, problem = _syntax_problem(error, text)
        raise UsageError(f"{path}:{line}: is no valid YAML: {problem}") from error
    except RecursionError as error:
        raise UsageError(
            f"{path}: has lists or sections within each other a hundred times; write it flatter"
        ) from error


def _syntax_problem(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line of the mistake that PyYAML found in `text`, from 1; the mistake, and the cure of what it mostly is."""
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1, f"the character U+{error.character:04X}; remove it"
    mark = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    cure = next((cure for words, cure in _SYNTAX_CURES.items() if words in problem), _ANY_SYNTAX_CURE)
    where = f" ({getattr(error, 'context', None)} in line {begun.line + 1})" if begun else ""
    return mark.line + 1 if mark else 1, f"{problem}{where}; {cure}"


def _plain(node: yaml.Node, place: Place, line: int, file: YamlFile, construct: Callable[[yaml.Node], object]) -> Any:  # noqa: ANN401
    """`node` and all below it as plain data, whose lines go to `file`; `line` is that of its key where it has one."""
    file.lines[place] = line
    if isinstance(node, yaml.SequenceNode):
        parts = enumerate(node.value)
        return [_plain(part, (*place, n), part.start_mark.line + 1, file, construct) for n, part in parts]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise file.error(place, "has a key that is a list or a section; a key is one word")
            inner, inner_line = (*place, key_node.value), key_node.start_mark.line + 1
            if key_node.value in result:
                raise UsageError(
                    f"{file.path}:{inner_line}: {'.'.join(map(str, inner))}: stands here a second time"
                    f" (first in line {file.lines[inner]}); remove one"
                )
            result[key_node.value] = _plain(value_node, inner, inner_line, file, construct)
        return result
    try:
        return construct(node)
    except ValueError as error:
        raise file.error(place, f"cannot be read: {error}; put it in quotes if it is text") from error
