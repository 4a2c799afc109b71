import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from data_manifest.errors import TeacherError, UsageError
from data_manifest.record import Size
from data_manifest.shards.digests import file_sha256
from depthgen.teachers.card import Meaning
from depthgen.teachers.declared import Declared
from depthgen.teachers.own_module import load, state_digest

DECLARED = Declared(kind="relative_inverse", input_size=Size(64, 48))
SOURCE = """
import functools
import torch
from torch import nn

class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(3, 1, 1)
        nn.init.constant_(self.mix.weight, 1 / 3)
        nn.init.zeros_(self.mix.bias)
        self.drop = nn.Dropout(0.9)
    def forward(self, rgb):
        return self.drop(self.mix(rgb))

class Called:
    def __call__(self, rgb):
        return rgb.mean(1)

class Needy(nn.Module):
    def __init__(self, width):
        super().__init__()

def mean(rgb):
    return rgb.mean(1)

def make():
    return Mean()

def make_function():
    return mean

def broken():
    raise RuntimeError("no weights\\nhere")

def colours(rgb):
    return rgb

def whole(rgb):
    return (rgb.mean(1) * 255).to(torch.uint8)

def listed(rgb):
    return [rgb.mean(1)]

def one(rgb):
    return rgb[:1].mean(1)

ready = Mean()
weighted = functools.partial(torch.mean, dim=1)
number = 3
makes_number = lambda: 3
"""


@pytest.fixture(autouse=True)
def source(tmp_path: Path) -> Iterator[Path]:
    """A module of the user's in the current folder."""
    path = tmp_path / "mynet.py"
    path.write_text(SOURCE)
    before = sys.path[:]
    yield path
    assert sys.path == before
    for name in ("mynet", "sub", "sub.net"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def rgb(all_pictures: Path) -> torch.Tensor:
    """(2, 3, 48, 64) in [0, 1]."""
    batch = []
    for name in ("coffee.png", "chelsea.png"):
        with Image.open(all_pictures / "bgs" / name) as image:
            batch.append(np.asarray(image.convert("RGB").resize((64, 48))))
    return torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize(
    "attribute",
    ["Mean", "Called", "mean", "make", "make_function", "ready", "weighted"],
)
def test_what_an_attribute_may_be(attribute: str, rgb: torch.Tensor) -> None:
    teacher = load(f"mynet:{attribute}", DECLARED)
    assert teacher.network is not None
    with torch.inference_mode():
        depth = teacher.network(rgb)
    assert torch.allclose(depth, rgb.mean(1), atol=1e-6)
    assert isinstance(teacher.network, nn.Module) == (attribute in ("Mean", "make", "ready"))
    assert (teacher.name, teacher.licence, teacher.onnx) == (f"mynet:{attribute}", "unknown", None)
    assert teacher.meaning == Meaning("none", "relative_inverse", "large")
    assert teacher.input_size == (64, 48)


def test_a_module_in_a_package(tmp_path: Path, rgb: torch.Tensor) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "net.py").write_text(SOURCE)
    teacher = load("sub.net:mean", DECLARED)
    assert teacher.network is not None
    assert teacher.network(rgb).shape == (2, 48, 64)


def test_digest_is_of_the_state_or_of_the_source(source: Path) -> None:
    made, ready = load("mynet:make", DECLARED), load("mynet:ready", DECLARED)
    assert made.weights_sha256 == ready.weights_sha256
    for attribute in ("mean", "make_function", "Called"):
        assert load(f"mynet:{attribute}", DECLARED).weights_sha256 == file_sha256(source)
    assert load("mynet:weighted", DECLARED).weights_sha256 == ""  # torch's own, built in


def test_state_digest_tells_names_shapes_types_and_values() -> None:
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    same = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    same.load_state_dict(first.state_dict())
    digest = state_digest(first)
    assert state_digest(same) == digest
    with torch.no_grad():
        same[0].weight[0, 0] += 1e-6
    named = nn.ModuleDict({"a": first[0], "b": first[1]})
    shaped = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    shaped.load_state_dict(first.state_dict())
    shaped[0].weight = nn.Parameter(first[0].weight.reshape(3, 2, 1, 1))
    others = [same, named, shaped, nn.Sequential(first[0], first[1]).bfloat16()]
    assert len({digest, *map(state_digest, others)}) == 5


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nosuchnet:mean", r"there is no module nosuchnet in .* or among the installed ones"),
        ("mynet.inner:mean", r"there is no module mynet\.inner"),
        ("mynet:men", r"mynet has no men; it has functools, torch, nn, Mean, Called"),
        ("mynet:number", r"mynet:number is int, expected a torch\.nn\.Module"),
        ("mynet:makes_number", r"mynet:makes_number is int, expected"),
        ("mynet:broken", r"without arguments fails with RuntimeError: no weights here"),
        ("mynet:Needy", r"without arguments fails with TypeError: .*width"),
    ],
)
def test_what_is_no_network_is_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load(name, DECLARED)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nosuchlibrary\n", "importing mynet fails with ModuleNotFoundError: .*nosuchlib"),
        ("def mean(rgb:\n", "importing mynet fails with SyntaxError"),
        ("1 / 0\n", "importing mynet fails with ZeroDivisionError"),
    ],
)
def test_a_module_that_fails_is_a_sentence(text: str, sentence: str, source: Path) -> None:
    source.write_text(text)
    with pytest.raises(UsageError, match=sentence):
        load("mynet:mean", DECLARED)


@pytest.mark.parametrize(
    ("attribute", "answered"),
    [
        ("colours", r"torch\.float32 \(2, 3, 48, 64\)"),
        ("whole", r"torch\.uint8 \(2, 48, 64\)"),
        ("listed", "list"),
        ("one", r"torch\.float32 \(1, 48, 64\)"),
    ],
)
def test_an_answer_that_is_no_depth_is_a_sentence(
    attribute: str, answered: str, rgb: torch.Tensor
) -> None:
    network = load(f"mynet:{attribute}", DECLARED).network
    assert network is not None
    with pytest.raises(TeacherError, match=f"answered {answered}; expected a tensor of floats"):
        network(rgb)


def test_meaning_and_size_must_be_declared() -> None:
    with pytest.raises(UsageError, match="mynet:mean doesn't say what its numbers mean"):
        load("mynet:mean", Declared(input_size=Size(64, 48)))
    with pytest.raises(UsageError, match="mynet:mean doesn't say how large a picture"):
        load("mynet:mean", Declared(kind="metric"))
