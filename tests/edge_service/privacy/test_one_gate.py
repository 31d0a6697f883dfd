"""Held in the source: a picture becomes bytes in few places, and each takes what `Masks.shown` gives."""

import ast
from collections.abc import Iterator
from pathlib import Path

from backend_api.base.process import REPOSITORY

EDGE = REPOSITORY / "edge_service"

# What makes bytes, or pictures that an encoder takes, and the functions that may call it.
ENCODERS = {
    "imencode": {"clips/pictures.py:_to_jpeg"},
    "imwrite": set[str](),
    "VideoWriter": set[str](),
    "from_ndarray": {
        "clips/encode.py:_to_frame",
        "pipeline/preview_video.py:_write",
        "video/picture.py:to_yuv420p",  # a decoded picture that is turned; for clips in which nothing is hidden
        "video/live/webcam.py:_even",  # a webcam's picture on its way to be encoded in memory, as other cameras do
        "sample.py:_encode",
    },
    "to_yuv420p": {"clips/encode.py:picture"},
    "remux": {"clips/cut.py:cut"},
    "Shown": {"privacy/masking.py:shown", "privacy/masking.py:shrunk"},
}
# What takes a picture out of memory takes a Shown, so that mypy finds whoever hands it anything else.
TAKES_SHOWN = {"clips/pictures.py:_to_jpeg", "clips/pictures.py:draw_thumbnail", "clips/encode.py:_to_frame"}


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield f"{path.relative_to(EDGE).as_posix()}:{node.name}", node


def called(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            yield call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_only_known_functions_make_bytes_of_pictures() -> None:
    found: dict[str, set[str]] = {name: set() for name in ENCODERS}
    for path in EDGE.rglob("*.py"):
        for where, function in functions(path):
            for name in set(called(function)) & ENCODERS.keys():
                found[name].add(where)
    assert found == ENCODERS


def test_what_makes_bytes_takes_what_may_be_shown() -> None:
    taking = {
        where
        for path in EDGE.rglob("*.py")
        for where, function in functions(path)
        if function.args.args and ast.unparse(function.args.args[0].annotation or ast.Constant(None)) == "Shown"
    }
    assert taking == TAKES_SHOWN


def test_packets_are_copied_only_after_the_masks_were_asked() -> None:
    _, cut = next(pair for pair in functions(EDGE / "clips" / "cut.py") if pair[0].endswith(":cut"))
    calls = [
        name
        for node in ast.walk(cut)
        if isinstance(node, ast.Try)
        for statement in node.body
        for name in called(statement)
    ]
    assert calls.index("encode_masked") < calls.index("remux")
    assert calls.index("encode_masked") < calls.index("encode")
