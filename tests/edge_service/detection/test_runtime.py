"""Running networks: what goes in and out, what a file says of itself, and what is said of one that is none."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from backend_api.base.process import REPOSITORY, UsageError
from edge_service.detection import runtime
from edge_service.detection.letterbox import Array
from edge_service.detection.open_size import with_open_size
from edge_service.detection.runtime import Network, NetworkError, Networks, Port, RuntimeName
from edge_service.detection.turns import Turns
from tests.edge_service.onnx_graphs import save, save_bright_spots

OUTPUTS: dict[str, Array] = {"boxes": np.zeros((1, 5, 4), np.float32), "labels": np.zeros((1, 5), np.int64)}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Twice the picture, and the size negated."""
    nodes = [helper.make_node("Add", ["images", "images"], ["twice"]), helper.make_node("Neg", ["sizes"], ["minus"])]
    inputs, outputs = (
        [
            helper.make_tensor_value_info(picture, TensorProto.FLOAT, [1, 3, "h", "w"]),
            helper.make_tensor_value_info(size, TensorProto.INT64, [1, 2]),
        ]
        for picture, size in (("images", "sizes"), ("twice", "minus"))
    )
    graph = helper.make_graph(nodes, "twice", inputs, outputs)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "a.onnx")
    return tmp_path / "a.onnx"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "a.onnx"
    return save(path, OUTPUTS, size=("w", 480), takes_size=True, notes={"names": "{0: 'person'}", "é": ""})


def test_outputs_come_by_name_and_earlier_ones_stay(model: Path) -> None:
    loaded = Network(model)
    answers = [
        loaded.run({"images": np.full((1, 3, 4, size), size, np.float32), "sizes": np.array([[size, 4]])})
        for size in (2, 5, 3)
    ]
    for size, answer in zip((2, 5, 3), answers, strict=True):
        assert set(answer) == {"twice", "minus"}
        assert answer["twice"].tolist() == np.full((1, 3, 4, size), 2 * size).tolist()
        assert answer["minus"].tolist() == [[-size, -4]]


def test_what_cannot_be_run_is_one_line(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    loaded = Network(model)
    with pytest.raises(NetworkError) as caught:
        loaded.run({"pictures": np.zeros((1, 3, 4, 4), np.float32)})
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_an_operator_that_nobody_knows_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Guess", ["x"], ["y"])], "odd", port[:1], port[1:])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "a.onnx")
    with pytest.raises(NetworkError, match=r"ONNX Runtime .*Guess") as caught:
        Network(tmp_path / "a.onnx")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_inputs_and_notes(saved: Path) -> None:
    network = Network(saved)
    assert network.inputs == (
        Port("images", "float32", (1, 3, 480, None)),
        Port("orig_target_sizes", "int64", (1, 2)),
    )
    assert network.notes == {"names": "{0: 'person'}", "é": ""}
    assert network.inputs[0].describe() == "images float32 [1, 3, 480, ?]"


def test_weights_are_no_inputs(tmp_path: Path) -> None:
    ports = [helper.make_tensor_value_info(name, TensorProto.BOOL, [2]) for name in ("x", "weight")]
    node = helper.make_node("And", ["x", "weight"], ["y"])
    weight = numpy_helper.from_array(np.ones(2, np.bool_), "weight")
    output = helper.make_tensor_value_info("y", TensorProto.BOOL, None)
    graph = helper.make_graph([node], "old", ports, [output], [weight])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "a.onnx")
    (port,) = Network(tmp_path / "a.onnx").inputs
    assert port.describe() == "x of another type [2]"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.onnx: No such file or directory; name an ONNX file with --model"):
        Network(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"hello world", b"\0" * 50, b"\xff" * 50, b"\x3a\x7fxyz"])
def test_what_is_no_onnx_file_is_one_line(content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.onnx: is damaged or no ONNX file; export or download it again"):
        Network(tmp_path / "a.onnx")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "content"), [("yolo11n.pt", b"?"), ("a.PTH", b"?"), ("a.bin", b"PK\x03\x04 and more")]
)
def test_a_pytorch_file_gets_its_cure(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        UsageError, match=rf"is a PyTorch file; export it to ONNX.*yolo export model={name} format=onnx"
    ):
        Network(tmp_path / name)


@given(data=st.data())
def test_a_torn_or_damaged_file_never_surprises(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    torn = saved.with_name("torn.onnx")
    torn.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    told = ""
    try:
        Network(torn)
    except (UsageError, NetworkError) as error:
        told = str(error)
    assert "\n" not in told
    assert not told or told.startswith((f"{torn}: is damaged", "ONNX Runtime"))


def test_nobody_is_told_that_it_runs(saved: Path) -> None:
    """The switch is off before the library is there; the mock loads nothing of it."""
    script = (
        "import os, sys; from pathlib import Path; from edge_service.detection import runtime, onnx_detector;"
        "assert 'onnxruntime' not in sys.modules; runtime.Network(Path(sys.argv[1]));"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", script, str(saved)]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


class OtherRuntime:
    """ONNX Runtime as it is with other `providers`; its sessions say that they run on the first of `loaded`."""

    def __init__(self, providers: list[str], loaded: list[str], error: str | None = None) -> None:
        self._real = runtime._runtime()
        self._providers, self._loaded, self._error = providers, loaded, error
        self.SessionOptions, self.__version__ = self._real.SessionOptions, self._real.__version__

    def get_available_providers(self) -> list[str]:
        return self._providers

    def InferenceSession(self, source: object, options: object, providers: list[str]) -> Any:  # noqa: ANN401, N802
        if self._error and providers[0] != CPU:
            raise RuntimeError(self._error)
        session = self._real.InferenceSession(source, options, providers=[CPU])
        session.get_providers = lambda: self._loaded
        return session


CPU, CUDA, OPENVINO = "CPUExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider"


@pytest.mark.parametrize(
    ("wanted", "other", "runs_on", "why_not"),
    [
        ("cpu", OtherRuntime([CUDA, CPU], [CUDA, CPU]), "cpu", None),
        ("auto", OtherRuntime([CPU], [CPU]), "cpu", None),
        ("auto", OtherRuntime([CUDA, OPENVINO, CPU], [CUDA, CPU]), "cuda", None),
        ("auto", OtherRuntime([OPENVINO, CPU], [OPENVINO, CPU]), "openvino", None),
        ("openvino", OtherRuntime([CUDA, OPENVINO, CPU], [OPENVINO, CPU]), "openvino", None),
        ("cuda", OtherRuntime([CPU], [CPU]), "cpu", "not on cuda: .* install onnxruntime-gpu in place of onnxruntime"),
        ("openvino", OtherRuntime([CPU], [CPU]), "cpu", "not on openvino: .* install onnxruntime-openvino"),
        ("cuda", OtherRuntime([CUDA, CPU], [CPU]), "cpu", "not on cuda: .*cannot load its libraries"),
        ("auto", OtherRuntime([CUDA, CPU], [CPU]), "cpu", "not on cuda: .*cannot load its libraries"),
        ("cuda", OtherRuntime([CUDA, CPU], [CPU], "no\nmemory"), "cpu", "not on cuda: no memory"),
    ],
)
def test_what_it_runs_on_is_known_and_why_it_is_not_the_wanted(
    wanted: RuntimeName,
    other: OtherRuntime,
    runs_on: str,
    why_not: str | None,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "_runtime", lambda: other)
    network = Network(model, wanted=wanted)
    assert network.runs_on == runs_on
    assert (network.why_not is None) if why_not is None else re.fullmatch(f".*{why_not}.*", network.why_not or "")
    answer = network.run({"images": np.ones((1, 3, 2, 2), np.float32), "sizes": np.array([[2, 2]])})
    assert answer["minus"].tolist() == [[-2, -2]]


def test_the_cameras_of_a_process_share_one_network_and_each_gets_its_own_answers(tmp_path: Path) -> None:
    model = save_bright_spots(tmp_path / "a.onnx", size=(64, 64))
    networks = Networks(Turns(2))
    network = networks.open(model, "cpu")
    assert networks.open(tmp_path / "." / "a.onnx", "cpu") is network
    assert networks.open(save_bright_spots(tmp_path / "b.onnx", size=(64, 64)), "cpu") is not network
    made = list[int]()

    def content() -> bytes:
        made.append(1)
        return with_open_size(model.read_bytes(), "images", 64, 64)

    def look(seed: int) -> bool:
        blob = np.random.default_rng(seed).uniform(0, 255, (1, 3, 64, 64)).astype(np.float32)
        alone = Network(model).run({"images": blob})["output"]
        shared = [one.run({"images": blob})["output"] for one in (network, network.opened(content))]
        return all(np.array_equal(answer, alone) for answer in shared)

    with ThreadPoolExecutor(8) as executor:
        assert all(executor.map(look, range(8)))
    assert made == [1]
