"""The configuration: what it may say, and how each mistake in it is told."""

import re
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from edge_service.config import DEFAULT_CONFIG, SAMPLE_CONFIG, load_config
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import FEET, Anchor, AnchorKind, RuleTimes

MACHINE = """\
machines:
  - machine_id: bench_01
    name: Bench
    zone: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
"""
LINE_AFTER = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_the_samples_configuration_shows_everything_in_two_minutes() -> None:
    config = load_config(SAMPLE_CONFIG)
    assert [machine.machine_id for machine in config.machines] == ["treadmill_01", "bike_01", "rower_01"]
    assert {machine.rules for machine in config.machines} == {RuleTimes(6, 2, 2, 20)}
    assert config.detector.kind == "mock"


def test_the_configuration_to_begin_with_has_the_rules_of_a_real_gym_and_no_detector_that_invents_people() -> None:
    config = load_config(DEFAULT_CONFIG)
    assert {machine.rules for machine in config.machines} == {RuleTimes()}
    assert (config.detector.kind, config.detector.model) == (None, None)


def test_all_but_the_machines_has_a_default(path: Path) -> None:
    path.write_text(MACHINE)
    config = load_config(path)
    assert config.machines[0].rules == RuleTimes(enter_s=10, exit_s=5, attempt_s=3, window_s=120)
    assert (config.detector.score, config.detector.fps) == (0.4, 5)
    assert (config.clip.pre_s, config.clip.post_s, config.clip.end_pre_s) == (3, 5, 15)
    assert config.delivery.backend_url == "http://127.0.0.1:8000"
    assert config.outbox.max_bytes == 2**30


def test_every_key_is_read(path: Path) -> None:
    path.write_text(
        MACHINE
        + """\
detector: {kind: mock, model: null, score: 0.5, fps: 0.5}
clip: {pre_s: 1, post_s: 2.5, end_pre_s: 20}
delivery: {backend_url: "https://gym.example:8443/api/", upload_clips: false}
outbox: {max_bytes: 4096}
privacy:
  {mask: heads, areas: [[[0, 0], [0.2, 0], [0.2, 0.3]]], only_zones: true, pictures: all, clip_height: 480, clip_fps: 5}
"""
    )
    config = load_config(path)
    assert (config.detector.score, config.detector.fps) == (0.5, 0.5)
    assert (config.clip.pre_s, config.clip.post_s, config.clip.end_pre_s) == (1, 2.5, 20)
    assert config.delivery.backend_url == "https://gym.example:8443/api"
    assert config.outbox.max_bytes == 4096
    areas = (((0, 0), (0.2, 0), (0.2, 0.3)),)
    assert config.privacy == PrivacyConfig("heads", areas, only_zones=True, clip_height=480, clip_fps=5)


def test_the_keys_of_a_real_detector_are_read(path: Path) -> None:
    path.write_text(
        f"{MACHINE}detector: {{kind: onnx, model: people.onnx, nms: 0.6, class_id: 0, input_size: [640, 384]}}"
    )
    detector = load_config(path).detector
    assert (detector.kind, detector.model) == ("onnx", path.parent / "people.onnx")
    assert (detector.nms, detector.class_id, detector.input_size) == (0.6, 0, (640, 384))


def test_a_machine_overrides_the_common_rules_key_by_key(path: Path) -> None:
    other = MACHINE.removeprefix("machines:\n").replace("bench_01", "bench_02")
    path.write_text(f"{MACHINE}    rules: {{window_s: 60}}\n{other}rules: {{enter_s: 8, exit_s: 4}}\n")
    first, second = load_config(path).machines
    assert first.rules == RuleTimes(enter_s=8, exit_s=4, attempt_s=3, window_s=60)
    assert second.rules == RuleTimes(enter_s=8, exit_s=4, attempt_s=3, window_s=120)


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("bottom_center", FEET),
        ("center", Anchor(AnchorKind.CENTER)),
        ("overlap", Anchor(AnchorKind.OVERLAP, 0.5)),
        ("{overlap: 0.3}", Anchor(AnchorKind.OVERLAP, 0.3)),
    ],
)
def test_each_machine_has_its_anchor(path: Path, text: str, anchor: Anchor) -> None:
    other = MACHINE.removeprefix("machines:\n").replace("bench_01", "bench_02")
    path.write_text(f"{MACHINE}    anchor: {text}\n{other}")
    assert [machine.anchor for machine in load_config(path).machines] == [anchor, FEET]


def test_a_machine_may_be_of_a_kind(path: Path) -> None:
    other = MACHINE.removeprefix("machines:\n").replace("bench_01", "bench_02")
    path.write_text(f"{MACHINE}    kind: leg press\n{other}    kind: null\n")
    assert [machine.kind for machine in load_config(path).machines] == ["leg press", None]


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ("colour: red", "colour", "unknown key; known here are machines, rules"),
        ("rules: {enter: 3}", "rules.enter", "unknown key; known here are enter_s"),
        ("rules: {enter_s: 3, enter_s: 4}", "rules.enter_s", r"a second time \(first in line 5\)"),
        ("rules: {enter_s: 0}", "rules.enter_s", "is 0; must be greater than 0"),
        ("rules: {exit_s: -1}", "rules.exit_s", "must be greater than 0"),
        ("rules: {exit_s: .nan}", "rules.exit_s", "finite"),
        ("rules: {exit_s: .inf}", "rules.exit_s", "finite"),
        (f"rules: {{exit_s: 1{'0' * 400}}}", "rules.exit_s", "finite"),
        ("rules: {exit_s: soon}", "rules.exit_s", "must be a number, not 'soon'"),
        ("rules: {exit_s: true}", "rules.exit_s", "must be a number"),
        ("rules:", "rules", "must be a section .* not empty"),
        ("rules: [1]", "rules", "must be a section .* not a list"),
        ("rules: {enter_s: 3}", r"rules \(machine bench_01\)", "attempt_s 3 must be less than enter_s 3"),
        ("    rules: {attempt_s: 11}", r"machines\[0\].rules \(machine bench_01\)", "attempt_s 11 must be less"),
        ("    rules: {exit_s: 0}", r"machines\[0\].rules.exit_s \(machine bench_01\)", "greater than 0"),
        ("    colour: red", r"machines\[0\].colour \(machine bench_01\)", "unknown key"),
        ("detector: {kind: magic}", "detector.kind", "no detector of this version; write mock or onnx"),
        ("detector: {kind: mock, model: a.onnx}", "detector.model", "has no model; write null"),
        ("detector: {kind: mock, class_id: 0}", "detector.class_id", "mock detector has no class_id"),
        ("detector: {kind: onnx, nms: 0}", "detector.nms", "greater than 0"),
        (
            "detector: {still_s: 59}",
            "detector.still_s",
            "is 59; must be at least 60, since people keep still for a while",
        ),
        ("detector: {still_s: -1}", "detector.still_s", "at least 0"),
        ("detector: {kind: mock, still_s: 300}", "detector.still_s", "the mock detector has no still_s"),
        ("detector: {kind: onnx, class_id: -1}", "detector.class_id", "at least 0"),
        ("detector: {kind: onnx, input_size: 640}", "detector.input_size", "must be a list"),
        ("detector: {kind: onnx, input_size: [640]}", "detector.input_size", r"write \[width, height\]"),
        ("detector: {kind: onnx, input_size: [640, 9999]}", r"detector.input_size\[1\]", "at most 4096"),
        ("    anchor: feet", r"machines\[0\].anchor \(machine bench_01\)", "no anchor; write bottom_center, center"),
        ("    anchor: {overlap: 0}", r"machines\[0\].anchor.overlap \(machine bench_01\)", "greater than 0"),
        ("    anchor: {overlap: 1.1}", r"machines\[0\].anchor.overlap \(machine bench_01\)", "at most 1"),
        ("    anchor: {share: 1}", r"machines\[0\].anchor.share \(machine bench_01\)", "unknown key"),
        ("    kind: [bike]", r"machines\[0\].kind \(machine bench_01\)", "must be text, not a list"),
        ("    kind: ''", r"machines\[0\].kind \(machine bench_01\)", "is empty; write some text"),
        ('    kind: "a\\0"', r"machines\[0\].kind \(machine bench_01\)", "holds a NUL"),
        (f"    kind: {'x' * 41}", r"machines\[0\].kind \(machine bench_01\)", "40"),
        ("    anchor: [center]", r"machines\[0\].anchor \(machine bench_01\)", "must be text, not a list"),
        ("detector: {score: 1.5}", "detector.score", "at most 1"),
        ("detector: {fps: 0.4}", "detector.fps", "at least 0.5"),
        ("detector: {fps: 61}", "detector.fps", "at most 60"),
        ("clip: {pre_s: 0}", "clip.pre_s", "greater than 0"),
        ("clip: {end_pre_s: 301}", "clip.end_pre_s", "300"),
        ("delivery: {upload_clips: 1}", "delivery.upload_clips", "must be true or false"),
        ("delivery: {backend_url: 8000}", "delivery.backend_url", "must be text, not 8000; put it in quotes"),
        ("delivery: {backend_url: 'localhost:8000'}", "delivery.backend_url", "no address of a backend"),
        ("delivery: {backend_url: 'http://[::1'}", "delivery.backend_url", "is no address"),
        ("delivery: {backend_url: 'http://gym:99999'}", "delivery.backend_url", "is no address"),
        ("delivery: {backend_url: 'ftp://gym'}", "delivery.backend_url", "write it like http"),
        ("delivery: {backend_url: 'http://ann:s3@gym'}", "delivery.backend_url", "never sent; leave them out, and set"),
        ("privacy: {mask: faces}", "privacy.mask", "'faces' is no mask of this version; write none, heads or people"),
        ("privacy: {mask: null}", "privacy.mask", "write none, heads or people"),
        ("privacy: {pictures: some}", "privacy.pictures", "write all, or none"),
        ("privacy: {only_zones: 1}", "privacy.only_zones", "true or false"),
        ("privacy: {areas: [[[0, 0], [1, 1]]]}", r"privacy.areas\[0\]", "at least 3"),
        ("privacy: {areas: [[[0, 0], [1, 0], [1, 2]]]}", r"privacy.areas\[0\]", "outside the picture"),
        ("privacy: {clip_height: 90}", "privacy.clip_height", "at least 144"),
        ("privacy: {clip_fps: 60}", "privacy.clip_fps", "at most 30"),
        ("privacy: {blur: 3}", "privacy.blur", "unknown key"),
        ("outbox: {max_bytes: 0}", "outbox.max_bytes", "at least 1"),
        ("outbox: {max_bytes: 1.5}", "outbox.max_bytes", "whole number"),
        ("outbox: {max_bytes: 99999999999999999999}", "outbox.max_bytes", "at most"),
        ("rules: {window_s: 86401}", "rules.window_s", "is 86401; must be at most 86400"),
        ("clip: {post_s: 301}", "clip.post_s", "at most 300"),
        ("detector: {kind: onnx, class_id: 100000}", "detector.class_id", "less than 100000"),
        ("detector: {kind: onnx, model: 7}", "detector.model", "must be the name of a file, not 7"),
        (f"delivery: {{backend_url: 'http://{'g' * 2000}'}}", "delivery.backend_url", "at most 2000"),
        ("? [a, b]\n: 1", "the file", "a key is one word"),
        ("rules: 2026-13-45", "rules", "cannot be read: month"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_key(path: Path, line: str, key: str, problem: str) -> None:
    path.write_text(f"{MACHINE}{line}\n")
    with pytest.raises(UsageError) as caught:
        load_config(path)
    at_line = 1 if key == "the file" else LINE_AFTER
    assert re.fullmatch(rf"{re.escape(str(path))}:{at_line}: {key}: .*{problem}.*", str(caught.value))


@pytest.mark.parametrize(
    ("before", "after", "place", "problem"),
    [
        (MACHINE, "machines: []", "1: machines", "at least one machine"),
        (MACHINE, "rules: {enter_s: 3}", "1: the file", "the key machines is missing"),
        (MACHINE, "just words", "1: the file", "must be a section"),
        ("bench_01", "bench 01", r"2: machines\[0\].machine_id", "is no id"),
        ("machine_id: bench_01\n    name", "name", r"2: machines\[0\]", "the key machine_id is missing"),
        ("    name: Bench\n", "", r"2: machines\[0\] \(machine bench_01\)", "the key name is missing"),
        ("name: Bench", "name: ' '", r"3: machines\[0\].name \(machine bench_01\)", "is empty"),
        ("[0.5, 0.9]", "[0.5]", r"4: machines\[0\].zone\[2\] \(machine bench_01\)", r"a point is \[x, y\]"),
        ("[0.5, 0.9]", "[0.5, high]", r"4: machines\[0\].zone\[2\]\[1\] \(machine bench_01\)", "must be a number"),
        ("[0.5, 0.9]", "[0.5, 1.9]", r"4: machines\[0\].zone \(machine bench_01\)", "outside the picture"),
        (", [0.5, 0.9]", "", r"4: machines\[0\].zone \(machine bench_01\)", "at least 3"),
        ("[0.5, 0.9]", "[0.5, 0.1]", r"4: machines\[0\].zone \(machine bench_01\)", "no area"),
        ("[0.5, 0.9]", ", ".join(["[0.5, 0.9]"] * 99), r"4: machines\[0\].zone \(machine bench_01\)", "at most 100"),
        ("name: Bench", f"name: {'B' * 1001}", r"3: machines\[0\].name \(machine bench_01\)", "at most 1000"),
        ("[0.5, 0.9]", "[0.9, 0.9], [0.5, 0]", r"4: machines\[0\].zone \(machine bench_01\)", "crosses or touches"),
    ],
)
def test_a_mistake_in_a_machine_names_it(path: Path, before: str, after: str, place: str, problem: str) -> None:
    assert before in MACHINE
    path.write_text(MACHINE.replace(before, after))
    with pytest.raises(UsageError, match=rf"^{re.escape(str(path))}:{place}: .*{problem}"):
        load_config(path)


def test_two_machines_with_one_id(path: Path) -> None:
    path.write_text(MACHINE + MACHINE.removeprefix("machines:\n"))
    with pytest.raises(UsageError, match=r":5: machines\[1\].machine_id: bench_01 is the id of another machine"):
        load_config(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a: \x00", "is no valid YAML"),
        (b"machines:\n  - [", r":\d+: is no valid YAML"),
        (b"a: &a [*a]", r"alias .* in line 1 is not supported"),
        (b"a: !!python/object/apply:os.getcwd []", "is the key|unknown key|no valid YAML|missing"),
        (b"a: 1\n---\nb: 2\n", "no valid YAML"),
        (b"a: " + b"[" * 20_000, "write it flatter"),
        (b"# " + b"x" * 2**20, "is longer than 1 MiB"),
    ],
)
def test_what_is_no_yaml_is_one_line_too(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UsageError, match=problem) as caught:
        load_config(path)
    assert str(caught.value).startswith(str(path))
    assert len(" ".join(str(caught.value).split())) < 400


@pytest.mark.parametrize(
    ("content", "line", "cure"),
    [
        ("machines:\n  - machine_id: a\n    name: Bike: left\n", 3, "put text with a colon in it in quotes"),
        ("machines:\n\t- machine_id: a\n", 2, "indent with spaces, not tabs"),
        ("machines:\n  - name: @home\n", 2, "put text that begins with @, ` or % in quotes"),
        ("machines:\n  - zone: [[0.1, 0.1], [0.2, 0.2]\n    name: a\n", 3, "close the bracket"),
        ("machines:\n  - zone: [[0.1 0.1] [0.2 0.2]]\n", 2, "put commas between"),
        ("machines:\n  - zone: [[0.1, 0.1],\n", 3, "close the"),
        ('machines:\n  - name: "Bike\n', 3, "close the quotes"),
        ("machines:\n  - name: 'Bike 1\n    machine_id: a\n", 4, "close the quotes"),
        ("machines:\n  - machine_id: a\n   name: Bike\n", 3, "by the same number of spaces"),
        ("machines\n  - machine_id: a\nclip: 1\n", 2, "write each key as `key: value`"),
        ("machines:\n  machine_id:a\n  name: b\n", 3, "write each key as `key: value`"),
        ("machines: !all a\n", 1, "take the tag"),
        ("clip: {pre_s: 1}\n---\nclip: {pre_s: 2}\n", 2, "remove the line ---"),
        ("machines: %a\n", 1, "in quotes"),
        ("machines: *all\n", 1, "write the value out"),
        ("machines: \x01\n", 1, "remove it"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_with_its_line_and_cure(path: Path, content: str, line: int, cure: str) -> None:
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        load_config(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}: is no valid YAML: ")
    assert "\n" not in said
    assert cure in said


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a readable file with --config"):
        load_config(path)


def test_there_are_at_most_200_machines(path: Path) -> None:
    one = MACHINE.removeprefix("machines:\n")
    path.write_text("machines:\n" + "".join(one.replace("bench_01", f"bench_{number}") for number in range(201)))
    with pytest.raises(UsageError, match=r":1: machines: is too long; write at most 200"):
        load_config(path)
