"""Gradients are clipped part by part of the network."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.config.fit import FitConfig
from train.data.draws import as_stored
from train.running.trainer import build_trainer, train_step

CLIP = 0.1


def gradients(labelled: Path, mask_loss: str) -> dict[str, Tensor]:
    """Of each part of a student after a step, all in one row."""
    options = FitConfig.model_validate(
        {
            "shards": (str(labelled),), "model": "twin", "weights": "none", "size": 32,
            "batch_size": 4, "pretrained_lr": 0.0, "mask_loss": mask_loss, "clip": CLIP,
            "device": "cpu",
        }
    )  # fmt: skip
    trainer = build_trainer(options, Dataset(labelled), None)
    (batch,) = trainer.train_loader.batches(as_stored(np.arange(4), 4, Size(32, 32)))
    train_step(trainer, batch, 4, options)
    found: dict[str, list[Tensor]] = {}
    for name, part in trainer.bare_model.named_parameters():
        if part.grad is not None:
            found.setdefault(name.split(".")[0], []).append(part.grad.flatten())
    return {name: torch.cat(parts) for name, parts in found.items()}


def test_the_masks_gradient_is_clipped_and_leaves_the_depths_alone(labelled: Path) -> None:
    light, heavy = (gradients(labelled, loss) for loss in ("bce + dice", "1e4*bce + 1e4*dice"))
    assert set(light) == {"mask", "refiner", "object"}
    assert float(light["object"].norm()) > 0
    torch.testing.assert_close(heavy["object"], light["object"])
    for name in ("mask", "refiner"):
        torch.testing.assert_close(heavy[name].norm(), torch.tensor(CLIP), rtol=1e-4, atol=0)
