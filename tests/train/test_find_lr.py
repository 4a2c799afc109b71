"""Looking for a learning rate on real samples."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from data_manifest.errors import UsageError
from train.config.find_lr import FindLrConfig
from train.find_lr import find_lr, smoothed, steepest

Options = dict[str, object]


@pytest.fixture
def options(labelled: Path, tmp_path: Path) -> Options:
    return {
        "shards": (str(labelled),), "model": "mdeas", "size": 32, "batch_size": 4, "limit": 16,
        "steps": 40, "out": tmp_path / "curve.png", "device": "cpu", "quiet": True,
    }  # fmt: skip


def test_a_curve_and_a_rate_that_trains(options: Options, tmp_path: Path) -> None:
    said = find_lr(FindLrConfig.model_validate(options))
    rate = float(said.rpartition("--lr ")[2])
    assert 1e-6 < rate < 1
    assert f"falls fastest at {rate:.2g}" in said
    with Image.open(tmp_path / "curve.png") as curve:
        assert len(np.unique(np.asarray(curve.convert("L")))) > 50
    with pytest.raises(UsageError, match=r"curve\.png"):
        find_lr(FindLrConfig.model_validate(options))


def test_losses_that_explode_end_it(options: Options) -> None:
    wild = {"optimizer": "sgd", "clip": 0.0, "least": 1e-3, "most": 1e9}
    said = find_lr(FindLrConfig.model_validate(options | wild))
    assert int(said.split(": ")[1].split(" ")[0]) < 40
    with pytest.raises(UsageError, match=r"begin lower than --least 1e\+20"):
        find_lr(
            FindLrConfig.model_validate(
                options | wild | {"least": 1e20, "most": 1e30, "overwrite": True}
            )
        )


def test_a_range_goes_upwards(options: Options) -> None:
    with pytest.raises(ValidationError, match="--most must be higher than --least"):
        FindLrConfig.model_validate(options | {"least": 0.1, "most": 0.01})


def test_the_mean_has_no_bias_towards_zero() -> None:
    assert smoothed(np.full(5, 3.0)) == pytest.approx(np.full(5, 3.0))
    assert smoothed(np.array([1.0, 2.0])) == pytest.approx([1, (0.9 * 0.1 + 0.2) / 0.19])


def test_the_steepest_fall_is_found() -> None:
    """A loss that falls as the logistic curve does, fastest at 1e-3, and rises after 1e-1."""
    rates = np.geomspace(1e-6, 1.0, 121)
    logs = np.log10(rates)
    losses = 1 / (1 + np.exp(4 * (logs + 3))) + np.maximum(logs + 1, 0)
    assert steepest(rates, losses) == pytest.approx(1e-3, rel=0.01)
