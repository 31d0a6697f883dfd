"""The command line of the worker: flags, their defaults, and what each means."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from backend_api.base.arguments import ArgumentParser, amount, count, integer, seconds
from backend_api.base.database_address import DatabaseAddress, add_database_flag, media_folder_beside
from backend_api.base.process import UsageError
from backend_api.media.place import MediaPlace, add_media_flag
from mm_worker.vlm.prompt import DEFAULT_END_PROMPT, DEFAULT_PROMPT

# As long as it may be in a result.
_MAX_NAME = 200
# A thread each, and a clip with its pictures in memory.
_MAX_CONCURRENCY = 256
_SECONDS = seconds(above=0, most=86_400)
_AMOUNT = amount(most=1e12)


@dataclass(frozen=True, slots=True)
class Options:
    """The values of the command line; times are seconds."""

    db: DatabaseAddress
    media_dir: MediaPlace
    seed: int
    poll_s: float
    drain: bool
    judge_ends: bool
    lease_s: float
    max_attempts: int
    concurrency: int
    rerun: list[UUID | Literal["all"]]
    vlm: str
    vlm_url: str | None
    vlm_model: str | None
    vlm_connect_s: float
    vlm_timeout_s: float
    prompt: Path
    end_prompt: Path
    max_calls_per_day: int | None
    max_tokens_per_day: int | None
    max_cost_per_day: float | None
    price_input: float | None
    price_output: float | None


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Read the command line (`sys.argv` when `argv` is None). Raises UsageError in one line; `--help` exits with 0."""
    flags = vars(_make_parser().parse_args(argv))
    media_dir = flags["media_dir"] or media_folder_beside(flags["db"])
    options = Options(**flags | {"media_dir": media_dir, "judge_ends": flags["judge_ends"] == "on"})
    _check(options)
    return options


def _check(options: Options) -> None:
    if options.vlm == "openai" and not (options.vlm_url and options.vlm_model):
        raise UsageError("--vlm openai needs --vlm-url, such as http://127.0.0.1:11434/v1, and --vlm-model; see --help")
    if options.vlm_model is not None and not 0 < len(options.vlm_model) <= _MAX_NAME:
        raise UsageError(f"--vlm-model: give a name of at most {_MAX_NAME} characters; see --help")
    if (options.price_input is None) != (options.price_output is None):
        raise UsageError("--price-input and --price-output belong together: give both; see --help")
    if options.max_cost_per_day is not None and options.price_input is None:
        raise UsageError("--max-cost-per-day needs --price-input and --price-output; see --help")


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Ask the model about every cleaning attempt in the database, and about the end of a use that was "
        "not found to be cleaned afterwards: was the machine wiped? Several workers may run on one database.",
        epilog="Exit codes: 0 done, 2 wrong use or configuration, 1 anything else. Ctrl-C ends it after its clip.",
    )
    add = parser.add_argument
    add_database_flag(parser, "the backend's database, which the worker waits for")
    add_media_flag(
        parser,
        "folder or bucket of the clips, the same as the backend's; with a bucket, such as s3://gym-media/clips, "
        "and its keys as AWS_* in the environment, no folder is shared",
    )
    add("--seed", type=integer, default=123, metavar="N", help="seed of the mocked model (default: %(default)s)")
    add(
        "--poll-s",
        type=_SECONDS,
        default=0.5,
        metavar="SECONDS",
        help="seconds between two polls for work (default: %(default)s)",
    )
    add(
        "--drain",
        action="store_true",
        help="exit when the queue is empty, without waiting for windows that are still open (default: wait for more)",
    )
    add(
        "--judge-ends",
        choices=["on", "off"],
        default="on",
        help="whether the end of a use is judged, too, where its window closed without an attempt or the attempt's "
        "verdict is not 'cleaned': did the person wipe the machine before leaving it? Of several workers on a database "
        "the one that started last decides for all (default: %(default)s)",
    )
    add(
        "--lease-s",
        type=_SECONDS,
        default=30.0,
        metavar="SECONDS",
        help="lease of a claim in seconds: afterwards another worker takes over the clip of a dead one "
        "(default: %(default)s)",
    )
    add(
        "--max-attempts",
        type=count(1),
        default=5,
        metavar="N",
        help="attempts, failed or never answered, after which an event is given up (default: %(default)s)",
    )
    add(
        "--concurrency",
        type=count(1, most=_MAX_CONCURRENCY),
        default=1,
        metavar="N",
        help=f"number of events judged at the same time, at most {_MAX_CONCURRENCY} (default: %(default)s)",
    )
    add(
        "--rerun",
        type=_event_or_all,
        action="append",
        default=[],
        metavar="EVENT_ID|all",
        help="ask again about an event that has its verdict, or about all events with a verdict of another model or "
        "prompt than this worker's; old verdicts are kept; may be repeated (default: none)",
    )
    _add_model_flags(parser)
    return parser


def _add_model_flags(parser: ArgumentParser) -> None:
    add = parser.add_argument_group(
        "the model",
        "The key comes from the environment: GYM_VLM_KEY. A cap holds for all workers of a database together; "
        "a day is a day in UTC.",
    ).add_argument
    add(
        "--vlm",
        choices=["mock", "openai"],
        default="mock",
        help="the model: mock invents verdicts, openai is a server with OpenAI's chat API that takes pictures "
        "(default: %(default)s)",
    )
    add("--vlm-url", metavar="URL", help="the server's address, such as http://127.0.0.1:11434/v1 (default: none)")
    add("--vlm-model", metavar="NAME", help="name of the model at the server (default: none)")
    add(
        "--vlm-connect-s",
        type=_SECONDS,
        default=5.0,
        metavar="SECONDS",
        help="timeout in seconds to connect (default: %(default)s)",
    )
    add(
        "--vlm-timeout-s",
        type=_SECONDS,
        default=120.0,
        metavar="SECONDS",
        help="timeout in seconds for the whole answer (default: %(default)s)",
    )
    add(
        "--prompt",
        type=Path,
        default=DEFAULT_PROMPT,
        metavar="FILE",
        help="the wording of the question: a file NAME-VERSION.md with the parts # system, # question and # repair "
        "(default: %(default)s)",
    )
    add(
        "--end-prompt",
        type=Path,
        default=DEFAULT_END_PROMPT,
        metavar="FILE",
        help="the wording of the question about the end of a use, a file like that of --prompt (default: %(default)s)",
    )
    add("--max-calls-per-day", type=count(1), metavar="N", help="cap on requests a day (default: no cap)")
    add("--max-tokens-per-day", type=count(1), metavar="N", help="cap on tokens a day, in and out (default: no cap)")
    add("--max-cost-per-day", type=_AMOUNT, metavar="AMOUNT", help="cap on the cost a day (default: no cap)")
    for name in ("input", "output"):
        add(
            f"--price-{name}",
            type=_AMOUNT,
            metavar="AMOUNT",
            help=f"price of a million {name} tokens, in the currency of --max-cost-per-day (default: unknown)",
        )


def _event_or_all(text: str) -> UUID | Literal["all"]:
    if text == "all":
        return "all"
    try:
        return UUID(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no event's id, nor 'all'") from error
