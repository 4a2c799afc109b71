"""The moving average of weights beside its formula in float64."""

from pathlib import Path

import numpy as np
import torch

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.config.fit import FitConfig
from train.data.draws import as_stored
from train.running.trainer import build_trainer, train_step

DECAY = 0.4


def test_the_average_follows_what_is_learnt(labelled: Path) -> None:
    """And gives the network's own values of what isn't: batch norms' sums, and frozen weights."""
    options = FitConfig.model_validate(
        {
            "shards": (str(labelled),), "model": "unet", "size": 32, "batch_size": 4, "limit": 24,
            "ema": DECAY, "device": "cpu",
        }
    )  # fmt: skip
    trainer = build_trainer(options, Dataset(labelled), None)
    average, model = trainer.averaged, trainer.bare_model
    assert average is not None
    with torch.no_grad():  # as --init does after the trainer is built
        for part in model.parameters():
            part.mul_(1.1)
    learnt = {name for name, part in model.named_parameters() if part.requires_grad}
    expected: dict[str, np.ndarray] = {}
    draws = as_stored(np.arange(24), 4, Size(32, 32))
    trainer.model.train()
    for count, batch in enumerate(trainer.train_loader.batches(draws)):
        trainer.schedule.hold(1e-3)
        train_step(trainer, batch, len(batch.mask), options)
        weight = 1 - min(DECAY, (1 + count) / (10 + count)) if count else 1.0
        for name, part in model.state_dict().items():
            now = part.double().numpy()
            before = expected.get(name, now)
            expected[name] = before + weight * (now - before) if name in learnt else now
    assert average.count == 6
    assert any("running_mean" in name for name in expected)
    for name, part in average.module.state_dict().items():
        np.testing.assert_allclose(part.double().numpy(), expected[name], rtol=1e-5, atol=1e-7)


def test_what_is_frozen_is_the_networks_own(labelled: Path) -> None:
    """Weights that are put in place after the trainer is built, as --init does."""
    options = FitConfig.model_validate(
        {
            "shards": (str(labelled),), "model": "twin", "weights": "none", "size": 32,
            "batch_size": 4, "pretrained_lr": 0.0, "device": "cpu",
        }
    )  # fmt: skip
    trainer = build_trainer(options, Dataset(labelled), None)
    average, model = trainer.averaged, trainer.bare_model
    assert average is not None
    frozen = [name for name, part in model.named_parameters() if not part.requires_grad]
    assert frozen
    with torch.no_grad():
        for part in model.parameters():
            part.add_(0.5)
    average.follow()
    average.follow()
    its, mine = model.state_dict(), average.module.state_dict()
    assert all(torch.equal(mine[name], its[name]) for name in frozen)
