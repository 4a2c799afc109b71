import subprocess
import sys
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from data_manifest.weights.fastdepth import WEIGHTS
from data_manifest.weights.npm import NPM
from data_manifest.weights.pinned import load_weights
from depthgen.teachers import OPEN_KINDS, TEACHERS, is_here, load_teacher, pull
from depthgen.teachers.card import Meaning
from depthgen.teachers.declared import Declared

FRAME = Size(224, 224)
NOTHING = Declared()


@pytest.fixture(autouse=True)
def _no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A flat picture's depth, as an ONNX file in the current folder."""
    sides = ("b", 3, "h", "w")
    info = [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, sides)]
    gives = [helper.make_tensor_value_info("depth", TensorProto.FLOAT, ("b", 1, "h", "w"))]
    node = helper.make_node("ReduceMean", ["rgb"], ["depth"], axes=[1])
    graph = helper.make_graph([node], "mean", info, gives)
    path = tmp_path / "mean.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_fastdepth(all_pictures: Path) -> None:
    teacher = load_teacher("fastdepth", FRAME, None, NOTHING)
    assert isinstance(teacher.network, torch.nn.Module)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in teacher.network.modules())
    assert not any(part.training for part in teacher.network.modules())
    assert (teacher.input_size, teacher.licence) == ((224, 224), "MIT")
    assert teacher.onnx is not None  # what OpenVINO reads in a tenth of the time
    assert teacher.meaning == Meaning("metres", "metric", "small", (0.0, 10.0))
    assert teacher.weights_sha256 == WEIGHTS.sha256
    with Image.open(all_pictures / "bgs" / "coffee.png") as image:
        rgb = torch.from_numpy(np.array(image.convert("RGB").resize((224, 224))))
    with torch.inference_mode():
        depth = teacher.network(rgb.permute(2, 0, 1)[None].float() / 255)
    assert depth.shape == (1, 224, 224)
    assert 0.5 < depth.median() < 10


def test_every_row_of_the_table() -> None:
    for name, card in TEACHERS.items():
        assert card.name == name
        assert card.meaning.limits == ((0.0, 10.0) if card.meaning.unit == "metres" else None)
    assert set(TEACHERS) == {"fastdepth", "depth-anything-v2-small", "densedepth"}
    assert all(":" in kind for kind in OPEN_KINDS)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (Declared(unit="none"), "--unit none: fastdepth has metres, which can't be declared other"),
        (Declared(kind="relative"), "--kind relative: fastdepth has metric"),
        (Declared(near_is="large"), "--near-is large: fastdepth has small"),
        (Declared(limits=(0.0, 5.0)), "--limits 0:5: fastdepth has 0:10"),
        (Declared(input_size=Size(640, 480)), "--input-size 640x480: fastdepth has 224x224"),
    ],
)
def test_what_contradicts_the_teacher_is_refused(declared: Declared, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_teacher("fastdepth", FRAME, None, declared)


def test_what_agrees_with_the_teacher_is_taken() -> None:
    declared = Declared("metres", "metric", "small", (0.0, 10.0), Size(224, 224))
    teacher = load_teacher("fastdepth", FRAME, None, declared)
    assert teacher.meaning == TEACHERS["fastdepth"].meaning


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("fastdept", "did you mean 'fastdepth'"),
        ("dense-depth", "did you mean 'densedepth'"),
        ("depth-anything", "did you mean 'depth-anything-v2-small'"),
        ("hub:", "did you mean 'hub:ID'"),
        ("onnx:", "did you mean 'onnx:FILE'"),
        ("", "there are fastdepth, .*module:attribute"),
        ("a folder/net:make", "no such teacher"),
        ("http://example.org/x", "no such teacher"),
        ("hub", "no such teacher"),
    ],
)
def test_an_unknown_name_is_a_sentence(name: str, sentence: str) -> None:
    for ask in (
        lambda: load_teacher(name, FRAME, None, NOTHING),
        lambda: is_here(name, None),
        lambda: pull(name),
    ):
        with pytest.raises(UsageError, match=sentence):
            ask()


def test_names_lead_to_the_rooms(own: Path, tmp_path: Path) -> None:
    declared = Declared(kind="relative", input_size=Size(32, 32))
    assert load_teacher("onnx:mean.onnx", FRAME, None, declared).onnx == own.read_bytes()
    (tmp_path / "ownnet.py").write_text("def mean(rgb):\n    return rgb.mean(1)\n")
    network = load_teacher("ownnet:mean", FRAME, None, declared).network
    assert network is not None
    assert network(torch.rand(2, 3, 8, 8)).shape == (2, 8, 8)
    with pytest.raises(WeightsError, match=r"neither model\.safetensors"):
        (tmp_path / "model").mkdir()
        load_teacher("hub:model", FRAME, None, NOTHING)
    with pytest.raises(WeightsError, match=r"nyu\.h5"):
        load_teacher("densedepth", FRAME, None, NOTHING)
    with pytest.raises(WeightsError, match=r"Depth-Anything-V2-Small-hf can't be fetched"):
        load_teacher("depth-anything-v2-small", FRAME, None, NOTHING)


def test_depth_anything_refuses_before_it_fetches() -> None:
    with pytest.raises(UsageError, match="--unit metres: depth-anything-v2-small has none"):
        load_teacher("depth-anything-v2-small", FRAME, None, Declared(unit="metres"))


def test_weights_that_are_not_taken_are_refused(own: Path, tmp_path: Path) -> None:
    declared = Declared(kind="relative", input_size=Size(32, 32))
    for name in ("onnx:mean.onnx", "ownnet:mean"):
        with pytest.raises(UsageError, match="has its own; leave out --weights"):
            load_teacher(name, FRAME, own, declared)
    for name in ("hub:somebody/model", "depth-anything-v2-small"):
        with pytest.raises(UsageError, match="There is no folder"):
            load_teacher(name, FRAME, tmp_path / "none", NOTHING)


def test_is_here(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_weights(WEIGHTS, NPM, None)
    assert is_here("fastdepth", None)
    assert is_here("fastdepth", own) and not is_here("fastdepth", tmp_path / "none")
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "cache"))
    assert not is_here("fastdepth", None)
    assert not is_here("densedepth", None) and is_here("densedepth", own)
    assert not is_here("depth-anything-v2-small", None)
    assert not is_here("hub:somebody/model", None)
    assert is_here("onnx:mean.onnx", None) and not is_here("onnx:none.onnx", None)
    assert is_here("ownnet:mean", None)


def test_pull() -> None:
    where, sha256 = pull("fastdepth")
    assert where.name == "fastdepth_7.onnx" and where.is_file()
    assert sha256 == WEIGHTS.sha256
    with pytest.raises(WeightsError, match=r"can't be fetched.*--weights nyu\.h5"):
        pull("densedepth")
    for name in ("onnx:mean.onnx", "ownnet:mean"):
        with pytest.raises(UsageError, match="a file of your own; there is nothing to fetch"):
            pull(name)
    for name in ("hub:somebody/model", "depth-anything-v2-small"):
        with pytest.raises(WeightsError, match="Three ways out"):
            pull(name)


def test_the_table_needs_none_of_the_teachers_libraries() -> None:
    script = (
        "import sys, depthgen.teachers\n"
        "print({'onnx', 'timm', 'transformers', 'huggingface_hub', 'h5py'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "library"),
    [("densedepth", "timm"), ("fastdepth", "onnx"), ("onnx:mean.onnx", "onnx")],
)
def test_a_missing_library_is_named(name: str, library: str) -> None:
    script = (
        "import sys\n"
        f"sys.modules[{library!r}] = None\n"
        "from data_manifest.record import Size\n"
        "from depthgen.teachers import load_teacher\n"
        "from depthgen.teachers.declared import Declared\n"
        "try:\n"
        f"    load_teacher({name!r}, Size(8, 8), None, Declared())\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == library
