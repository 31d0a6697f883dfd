"""What an ONNX file says of itself, and what is said of one that is none."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from backend_api.base.process import UsageError
from edge_service.detection.network import Array
from edge_service.detection.onnx_file import OnnxFile, Port, read_onnx_file
from tests.edge_service.onnx_graphs import save

OUTPUTS: dict[str, Array] = {"boxes": np.zeros((1, 5, 4), np.float32), "labels": np.zeros((1, 5), np.int64)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "a.onnx"
    return save(path, OUTPUTS, size=("w", 480), takes_size=True, notes={"names": "{0: 'person'}", "é": ""})


def test_inputs_outputs_and_notes(model: Path) -> None:
    assert read_onnx_file(model) == OnnxFile(
        inputs=(Port("images", "float32", (1, 3, 480, None)), Port("orig_target_sizes", "int64", (1, 2))),
        outputs=(Port("boxes", "float32", (1, 5, 4)), Port("labels", "int64", (1, 5))),
        notes={"names": "{0: 'person'}", "é": ""},
    )
    assert read_onnx_file(model).inputs[0].describe() == "images float32 [1, 3, 480, ?]"


def test_weights_are_no_inputs(tmp_path: Path) -> None:
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "weight")]
    node = helper.make_node("Add", ["x", "weight"], ["y"])
    weight = numpy_helper.from_array(np.ones(2, np.float32), "weight")
    output = helper.make_tensor_value_info("y", TensorProto.BOOL, None)
    onnx.save(helper.make_model(helper.make_graph([node], "old", ports, [output], [weight])), tmp_path / "a.onnx")
    file = read_onnx_file(tmp_path / "a.onnx")
    assert [port.name for port in file.inputs] == ["x"]
    assert file.outputs[0].describe() == "y of another type []"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.onnx: No such file or directory; name an ONNX file with --model"):
        read_onnx_file(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"hello world", b"\0" * 50, b"\xff" * 50, b"\x3a\x7fxyz"])
def test_what_is_no_onnx_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.onnx: is damaged or no ONNX file .*; export or download it again"):
        read_onnx_file(tmp_path / "a.onnx")


@given(data=st.data())
def test_a_torn_or_damaged_file_never_surprises(model: Path, data: st.DataObject) -> None:
    content = bytearray(model.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    torn = model.with_name("torn.onnx")
    torn.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    told = ""
    try:
        read_onnx_file(torn)
    except UsageError as error:
        told = str(error)
    assert not told or told.startswith(f"{torn}: is damaged")


def test_a_cut_off_file_is_noticed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(model.read_bytes()[:-1])
    with pytest.raises(UsageError, match="breaks off in the middle"):
        read_onnx_file(tmp_path / "a.onnx")
