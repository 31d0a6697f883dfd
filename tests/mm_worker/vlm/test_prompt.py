"""A prompt is a file with a name and a version; whatever changes in it makes it another."""

from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from backend_api.contract.events import EventType
from mm_worker.vlm.prompt import DEFAULT_END_PROMPT, DEFAULT_PROMPT, Prompts, load_prompt

TEXT = "# system\n\nYou look.\n\n# question\n\nWas {machine_id} wiped?\n\n# repair\n\nNo: {problem}\n"


def write(folder: Path, text: str = TEXT, name: str = "wiped-2.md") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_sections_and_the_version(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path))
    assert (prompt.system, prompt.question, prompt.repair) == ("You look.", "Was {machine_id} wiped?", "No: {problem}")
    assert prompt.version == f"wiped-2-{prompt.sha256[:8]}"


def test_a_changed_word_is_a_new_version(tmp_path: Path) -> None:
    one = load_prompt(write(tmp_path))
    other = load_prompt(write(tmp_path, TEXT.replace("look", "see")))
    assert one.version != other.version
    assert load_prompt(write(tmp_path)) == one


@pytest.mark.parametrize(("path", "when"), [(DEFAULT_PROMPT, "{came_s}"), (DEFAULT_END_PROMPT, "{left_s}")])
def test_the_prompts_that_come_along_name_every_verdict_and_key(path: Path, when: str) -> None:
    prompt = load_prompt(path)
    assert "{machine_id}" in prompt.question
    assert when in prompt.question
    assert "{problem}" in prompt.repair
    for word in ("cleaned", "not_cleaned", "cannot_tell", '"verdict"', '"confidence"', '"summary"', '"seen"'):
        assert word in prompt.question


def test_both_questions_have_a_wording_of_their_own() -> None:
    attempt, end = load_prompt(DEFAULT_PROMPT), load_prompt(DEFAULT_END_PROMPT)
    prompts = Prompts(attempt, end)
    assert prompts.of(EventType.CLEANING_ATTEMPT) == attempt
    assert prompts.of(EventType.MACHINE_OCCUPIED_END) == end
    with pytest.raises(UsageError, match="--prompt and --end-prompt are the same"):
        Prompts(attempt, attempt)


@pytest.mark.parametrize(
    ("name", "text", "culprit"),
    [
        ("wiped.md", TEXT, "its version"),
        ("wiped-2.md", TEXT.replace("# repair", "# mend"), "needs the sections"),
        ("wiped-2.md", TEXT + TEXT, "needs the sections"),
        ("wiped-2.md", TEXT.replace("You look.", ""), "needs the sections"),
        ("wiped-2.md", "", "needs the sections"),
    ],
)
def test_a_file_that_is_no_prompt_is_refused(tmp_path: Path, name: str, text: str, culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit):
        load_prompt(write(tmp_path, text, name))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_prompt(tmp_path / "wiped-2.md")
    (tmp_path / "wiped-3.md").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_prompt(tmp_path / "wiped-3.md")
