"""The wording of the question: a file with a name, a version, and a hash that tells a changed wording from the old."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from backend_api.base.process import UsageError
from backend_api.contract.events import EventType
from mm_worker.vlm.reply import reply_schema

_FOLDER = Path(__file__).resolve().parent / "prompts"
DEFAULT_PROMPT = _FOLDER / "cleaning_attempt-2.md"
DEFAULT_END_PROMPT = _FOLDER / "end_of_use-1.md"
_SECTIONS = ("system", "question", "repair")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}-[0-9]{1,9}")
_HASH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Prompt:
    """`version` is the file's name and a short hash.

    `question` may hold `{machine_id}` and, of an attempt, `{came_s}`, the second at which somebody came; of the end of
    a use `{left_s}`, the one at which somebody left. `repair` may hold `{problem}`.
    """

    version: str
    sha256: str
    system: str
    question: str
    repair: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """The wordings of both questions. Raises UsageError when they are the same: their verdicts are told apart by it."""

    attempt: Prompt
    end: Prompt

    def __post_init__(self) -> None:
        if self.attempt.version == self.end.version:
            raise UsageError(
                f"--prompt and --end-prompt are the same, {self.attempt.version}: give each question its own wording"
            )

    def of(self, event_type: EventType) -> Prompt:
        """The question about an event of the type: about the end of a use, or else about an attempt."""
        return self.end if event_type is EventType.MACHINE_OCCUPIED_END else self.attempt


def load_prompt(path: Path) -> Prompt:
    """The prompt in the file `NAME-VERSION.md`: the sections `# system`, `# question`, `# repair`, each once.

    The hash is over the file and the schema of the reply, since both are the question. Raises UsageError.
    """
    if not _NAME.fullmatch(path.stem):
        raise UsageError(f"the prompt {path}: name the file after what it asks and its version, such as wiped-2.md")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"the prompt {path} cannot be read: {reason}; give another --prompt") from error
    pieces = re.split(r"^# (\w+)[ \t]*$", text, flags=re.MULTILINE)
    sections = dict(zip(pieces[1::2], (piece.strip() for piece in pieces[2::2]), strict=True))
    if len(pieces) != 1 + 2 * len(_SECTIONS) or set(sections) != set(_SECTIONS) or not all(sections.values()):
        raise UsageError(f"the prompt {path}: it needs the sections # system, # question and # repair, each once")
    digest = sha256((text + json.dumps(reply_schema())).encode()).hexdigest()
    return Prompt(f"{path.stem}-{digest[:_HASH_DIGITS]}", digest, **sections)
