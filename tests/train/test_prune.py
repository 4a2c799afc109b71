"""The smallest weights of a real student set to zero."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from data_manifest.errors import DatasetError, UsageError
from train.config.shipping import ExportConfig, PruneConfig
from train.export import export
from train.prune import prune
from train.running.checkpoint import Checkpoint


@pytest.fixture
def mine(student_run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to write into."""
    return Path(shutil.copytree(student_run, tmp_path / "run"))


def kernels(run: Path, name: str) -> dict[str, nn.Conv2d]:
    """The convolutions of a checkpoint by name."""
    model = Checkpoint.read(run / name).trained_model()
    return {name: part for name, part in model.named_modules() if isinstance(part, nn.Conv2d)}


def test_the_smallest_weights_are_zero_and_the_others_as_before(mine: Path) -> None:
    prune(PruneConfig(run=mine, amount=0.3, limit=4, quiet=True))
    before, after = kernels(mine, "best.pt"), kernels(mine, "pruned.pt")
    taken, zeros = [], []
    for name, layer in before.items():
        old, new = (part.weight.detach().numpy() for part in (layer, after[name]))
        if layer.groups > 1 or layer.out_channels == 1:
            assert np.array_equal(old, new)
            continue
        taken.append(np.abs(old).ravel())
        zeros.append((new == 0).ravel())
        assert np.array_equal(old[new != 0], new[new != 0])
    sizes, gone = np.concatenate(taken), np.concatenate(zeros)
    assert gone.mean() == pytest.approx(0.3, abs=1e-4)
    assert sizes[gone].max() <= sizes[~gone].min()


def test_what_is_no_kernel_is_as_before(mine: Path) -> None:
    prune(PruneConfig(run=mine, limit=4, quiet=True))
    before, after = (Checkpoint.read(mine / name) for name in ("best.pt", "pruned.pt"))
    assert before.weights.keys() == after.weights.keys()
    for name, value in before.weights.items():
        if value.ndim != 4:
            assert torch.equal(value, after.weights[name])
    assert before.network == after.network and before.fingerprint == after.fingerprint
    assert after.averaged is None and after.states == {}


def test_it_says_where_zeros_are_and_what_they_dont_bring(mine: Path) -> None:
    said = prune(PruneConfig(run=mine, amount=0.5, limit=6, quiet=True))
    lines = said.splitlines()
    assert "convolution weights are zero, 4" in lines[0]  # of all, a little less than a half
    assert lines[1].startswith("sparsest layers: ") and lines[1].count("%") == 5
    assert "on 6 samples of val: mask IoU" in lines[3] and " m before" in lines[3]
    assert "no smaller and no faster" in lines[4]
    sizes = [(mine / name).stat().st_size for name in ("best.pt", "pruned.pt")]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)
    packed = [float(word) for word in lines[2].split() if word.replace(".", "").isdigit()]
    assert packed[1] > packed[3] and packed[0] == pytest.approx(packed[2], rel=0.01)


def test_more_zeros_cost_more(mine: Path) -> None:
    shares = {}
    for amount in (0.1, 0.9):
        prune(PruneConfig(run=mine, amount=amount, limit=4, quiet=True))  # replaces its own
        shares[amount] = np.mean(
            [
                float((part.weight == 0).float().mean())
                for part in kernels(mine, "pruned.pt").values()
            ]
        )
    assert shares[0.1] < shares[0.9]


def test_it_may_be_of_the_last_weights_and_be_exported(mine: Path) -> None:
    prune(PruneConfig(run=mine, checkpoint="last", limit=4, quiet=True))
    last, pruned = kernels(mine, "last.pt"), kernels(mine, "pruned.pt")
    assert torch.equal(last["mask_head"].weight, pruned["mask_head"].weight)
    assert "onnxruntime by" in export(ExportConfig(run=mine, checkpoint="pruned", quiet=True))


def test_a_strangers_file_is_not_replaced_unasked(mine: Path) -> None:
    (mine / "pruned.pt").write_text("mine, not yours\n")
    with pytest.raises(UsageError, match=r"pruned\.pt isn't a checkpoint of ours; move it away"):
        prune(PruneConfig(run=mine, quiet=True))
    assert (mine / "pruned.pt").read_text() == "mine, not yours\n"
    prune(PruneConfig(run=mine, limit=4, overwrite=True, quiet=True))
    assert Checkpoint.read(mine / "pruned.pt").network.name == "mdeas"


def test_what_is_missing_is_a_sentence(mine: Path, labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no checkpoint nowhere/best\.pt"):
        prune(PruneConfig(run=Path("nowhere")))
    trained_on_only = (str(labelled / "00003.h5"),)
    with pytest.raises(DatasetError, match="no validation samples"):
        prune(PruneConfig(run=mine, shards=trained_on_only))
    options = yaml.safe_load((mine / "config.yaml").read_text())
    gone = str(tmp_path / "gone")
    (mine / "config.yaml").write_text(yaml.safe_dump({**options, "shards": [gone]}))
    with pytest.raises(UsageError, match=f"There is no dataset {gone}"):
        prune(PruneConfig(run=mine))
    assert not (mine / "pruned.pt").exists()
