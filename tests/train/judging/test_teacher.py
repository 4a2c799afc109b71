"""The teacher asked by its own network in torch: what depthgen's labels say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.errors import WeightsError
from depthgen.config import RunConfig
from depthgen.run import run
from train.judging.teacher import ask_teacher, labelled_by_fastdepth, load_teacher


@pytest.fixture(scope="module")
def composite(
    make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Dataset:
    """Eight samples whose labels are the teacher's own answers."""
    folder = make_dataset(tmp_path_factory.mktemp("composite") / "data", limit=8)
    run(RunConfig(data=folder, labels="composite", quiet=True, device="cpu"))
    return Dataset(folder)


def test_the_teacher_agrees_with_its_own_labels(composite: Dataset) -> None:
    pictures = np.stack([sample.fg_bg for sample in composite]).transpose(0, 3, 1, 2)
    labels = np.stack([np.asarray(sample.depth) for sample in composite])
    encoding = composite.depth_encoding
    with torch.inference_mode():
        shown = torch.from_numpy(pictures).float() / 255
        found = encoding.from_target(ask_teacher(load_teacher(), shown, encoding))
    assert found.shape == (8, 1, 96, 96)
    error = np.abs(found[:, 0].numpy() - labels)
    assert error.mean() < 0.02 < np.abs(labels - labels.mean()).mean() / 5  # metres


def test_a_dataset_says_whether_it_is_by_that_teacher(composite: Dataset) -> None:
    stage = composite.header.stages.depth
    assert stage is not None and labelled_by_fastdepth(stage)
    assert not labelled_by_fastdepth(stage.model_copy(update={"weights_sha256": "0" * 64}))


def test_weights_are_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WeightsError, match=r"there is no .*\.onnx; `depthgen pull fastdepth`"):
        load_teacher()
    assert list(tmp_path.iterdir()) == []
    from data_manifest.weights import fastdepth

    fastdepth.cached().parent.mkdir()
    fastdepth.cached().write_text("other weights")
    with pytest.raises(WeightsError, match="which isn't FastDepth's"):
        load_teacher()
