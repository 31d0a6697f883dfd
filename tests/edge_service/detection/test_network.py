"""What every runtime for networks must do, and which one is taken."""

from collections.abc import Callable
from importlib import util
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge_service.detection import network
from edge_service.detection.network import Network, NetworkError, open_network
from edge_service.detection.network_onnxruntime import OnnxRuntimeNetwork
from edge_service.detection.network_opencv import OpenCvNetwork

RUNTIMES: list[Callable[[Path], Network]] = [OpenCvNetwork, OnnxRuntimeNetwork]
runtimes = pytest.mark.parametrize("runtime", RUNTIMES)


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


@runtimes
def test_outputs_come_by_name_and_earlier_ones_stay(runtime: Callable[[Path], Network], model: Path) -> None:
    loaded = runtime(model)
    answers = [
        loaded.run({"images": np.full((1, 3, 4, size), size, np.float32), "sizes": np.array([[size, 4]])})
        for size in (2, 5, 3)
    ]
    for size, answer in zip((2, 5, 3), answers, strict=True):
        assert set(answer) == {"twice", "minus"}
        assert answer["twice"].tolist() == np.full((1, 3, 4, size), 2 * size).tolist()
        assert answer["minus"].tolist() == [[-size, -4]]


@runtimes
def test_what_cannot_be_loaded_is_one_line(
    runtime: Callable[[Path], Network], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.onnx").write_bytes(b"no network")
    with pytest.raises(NetworkError) as caught:
        runtime(tmp_path / "a.onnx")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@runtimes
def test_what_cannot_be_run_is_one_line(
    runtime: Callable[[Path], Network], model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded = runtime(model)
    with pytest.raises(NetworkError) as caught:
        loaded.run({"pictures": np.zeros((1, 3, 4, 4), np.float32)})
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_onnx_runtime_is_taken_where_it_is_installed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert util.find_spec("onnxruntime")
    assert isinstance(open_network(model), OnnxRuntimeNetwork)
    monkeypatch.setattr(network, "find_spec", lambda _: None)
    assert isinstance(open_network(model), OpenCvNetwork)
