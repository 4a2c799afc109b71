"""Checkpoints are data: read whole or refused, and nothing in them runs."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from train.models.layout import Layout
from train.models.make import make_model
from train.running.checkpoint import VERSION, Checkpoint, Network

ENCODING = DepthEncoding(
    scale=0.001, offset=0, unit="metres", kind="metric", near_is="small",
    target_scale=0.1, target_offset=0,
)  # fmt: skip


@pytest.fixture
def checkpoint() -> Checkpoint:
    layout = Layout(layered=True, target_scale=0.1, target_shift=0.25)
    network = Network("mdeas", layout, Size(64, 48), ENCODING, "not pretrained")
    weights = make_model("mdeas", layout).state_dict()
    history = [{"train/loss": 1.0}]
    return Checkpoint(
        network, weights, None, 1, 24, "abc", {"averages": 0}, {"samples": 24.0}, history
    )


def test_what_is_written_is_read(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "last.pt")
    again = Checkpoint.read(tmp_path / "last.pt")
    assert again.network == checkpoint.network
    assert again._replace(weights={}) == checkpoint._replace(weights={})
    assert all(torch.equal(again.weights[key], its) for key, its in checkpoint.weights.items())
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_one_is_refused(checkpoint: Checkpoint, tmp_path: Path, share: float) -> None:
    path = tmp_path / "last.pt"
    checkpoint.write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightsError, match=r"last\.pt is not a whole checkpoint of `train fit`"):
        Checkpoint.read(path)


class _Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {os.environ['MALICE']}",)


def test_nothing_in_a_malicious_one_runs(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALICE", str(tmp_path / "ran"))
    content = {**checkpoint._asdict(), "network": _Malice(), "version": VERSION}
    torch.save(content, tmp_path / "zipped.pt")
    (tmp_path / "pickled.pt").write_bytes(pickle.dumps(_Malice()))
    for name in ("zipped.pt", "pickled.pt"):
        with pytest.raises(WeightsError, match="is not a whole checkpoint"):
            Checkpoint.read(tmp_path / name)
    assert not (tmp_path / "ran").exists()
    pickle.loads((tmp_path / "pickled.pt").read_bytes())  # it would have
    assert (tmp_path / "ran").exists()


def test_a_stranger_and_another_version_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "theirs.pt")
    with pytest.raises(WeightsError, match="is not a whole checkpoint"):
        Checkpoint.read(tmp_path / "theirs.pt")
    plain = {**checkpoint._asdict(), "network": checkpoint.network.plain(), "version": 1}
    torch.save(plain, tmp_path / "old.pt")
    with pytest.raises(WeightsError, match=r"of version 1, expected 2; train it anew"):
        Checkpoint.read(tmp_path / "old.pt")
    with pytest.raises(UsageError, match="There is no checkpoint"):
        Checkpoint.read(tmp_path / "none.pt")
