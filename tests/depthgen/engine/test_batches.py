"""One batch size, whatever is asked; the other engines are compared in test_run.py."""

from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.errors import TeacherError
from data_manifest.record import Picture, Size
from depthgen.engine.batches import settle_batch
from depthgen.engine.predict import Predictor
from depthgen.engine.torch_network import TorchNetwork
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Meaning, Network, Teacher
from depthgen.teachers.declared import Declared

FRAME = Size(96, 96)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def shown(dataset: Path) -> list[Picture]:
    return [sample.fg_bg for sample in Dataset(dataset)[::20]]


@pytest.fixture(scope="module")
def fastdepth() -> Teacher:
    return load_teacher("fastdepth", FRAME, None, Declared())


def own(network: Network, side: int = 96) -> Teacher:
    meaning = Meaning("metres", "metric", "small", (0.0, 10.0))
    return Teacher("own", network, Size(side, side), meaning, "MIT", "")


def predictor(teacher: Teacher, batch: int) -> Predictor:
    return Predictor(teacher, TorchNetwork(teacher, CPU, 1, batch, compiled=False))


def test_the_network_always_sees_as_many_pictures(shown: list[Picture]) -> None:
    seen: list[int] = []

    def count(rgb: torch.Tensor) -> torch.Tensor:
        seen.append(len(rgb))
        return rgb.mean(dim=1)

    answers = predictor(own(count), 4).answers(shown, FRAME)
    assert len(answers) == len(shown) == 7 and seen == [4, 4]
    for answer, picture in zip(answers, shown, strict=True):
        assert np.abs(answer - picture.mean(axis=2) / 255).max() < 1e-6


def test_memory_running_out_halves_the_batch_and_changes_no_byte(
    fastdepth: Teacher, shown: list[Picture]
) -> None:
    """The network runs for real; only the device's refusal is raised by hand, as none is here."""
    sizes: list[int] = []
    network = fastdepth.network
    assert network is not None

    def small(rgb: torch.Tensor) -> torch.Tensor:
        sizes.append(len(rgb))
        if len(rgb) > 2:
            raise torch.cuda.OutOfMemoryError
        return network(rgb)

    expected = predictor(fastdepth, 8).answers(shown, FRAME)
    found = predictor(own(small, 224), 8).answers(shown, FRAME)
    assert sizes == [8, 4, 2, 2, 2, 2]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(np.rint(one * 1000), np.rint(other * 1000))


def test_memory_that_never_suffices_is_an_error(shown: list[Picture]) -> None:
    def never(_rgb: torch.Tensor) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError

    with pytest.raises(torch.cuda.OutOfMemoryError):
        predictor(own(never), 4).answers(shown, FRAME)


def test_a_good_teacher_answers_alone_as_among_others(
    fastdepth: Teacher, shown: list[Picture]
) -> None:
    network = predictor(fastdepth, 1)
    checked = settle_batch(network, shown[:4], FRAME)
    assert checked.share == 0 and not checked.one_by_one and network.network.batch == 1


def test_a_teacher_that_looks_at_its_neighbours_is_asked_one_by_one(shown: list[Picture]) -> None:
    def normed(rgb: torch.Tensor) -> torch.Tensor:
        depth = rgb.mean(dim=1)
        return depth / depth.max()  # of the whole batch

    network = predictor(own(normed), 4)
    checked = settle_batch(network, shown[:4], FRAME)
    assert checked.one_by_one and checked.share > 0.01
    assert network.network.batch == 1
    assert checked.as_numbers()["asked"] == "one by one"


def test_a_teacher_that_never_says_the_same_is_refused(shown: list[Picture]) -> None:
    def moody(rgb: torch.Tensor) -> torch.Tensor:
        return rgb.mean(dim=1) * torch.rand(1)

    with pytest.raises(TeacherError, match="differently from one time to the next"):
        settle_batch(predictor(own(moody), 1), shown[:4], FRAME)


def test_a_batch_grows_while_that_fits(shown: list[Picture]) -> None:
    largest = 32

    def roomy(rgb: torch.Tensor) -> torch.Tensor:
        if len(rgb) > largest:
            raise torch.cuda.OutOfMemoryError
        torch.zeros(200, 200) @ torch.zeros(200, 200)  # what a launch costs, whatever the batch
        return rgb.mean(dim=1)

    network = predictor(own(roomy), 64)
    settle_batch(network, shown[:4], FRAME)
    assert 1 <= network.network.batch <= largest
