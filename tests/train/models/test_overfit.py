"""Every student can learn eight real samples by heart."""

from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.losses.expression import parse
from train.losses.total import Losses
from train.models.layout import Layout
from train.models.make import make_model
from train.models.names import STUDENTS, described
from train.models.pretrained import pretrain

SIDE, STEPS, CHECKED_EVERY = 32, 400, 5
LARGE = 96
QUICK = ("mdeas",)
LR = {"resnext_unet": 1e-3, "resnet34_unet": 1e-3}
CASES = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in STUDENTS]


@pytest.mark.parametrize("name", CASES)
def test_it_learns_eight_samples(name: str, labelled: Path) -> None:
    samples = Samples(Dataset(labelled, split="train"), 8)
    loader = Loader(samples, 0)
    # A network whose maps have a quarter of the side draws no mask of 32 pixels.
    side = LARGE if name == "resnet34_unet" else SIDE
    assert side >= described(name).smallest
    (batch,) = loader.batches(as_stored(np.arange(8), 8, Size(side, side)))
    true = batch.as_float()
    torch.manual_seed(0)
    model = make_model(name, Layout(layered=True)).to(memory_format=torch.channels_last).train()
    pretrain(model, "auto")
    if name == "twin":  # as it is trained on its teacher's labels
        model.trunk.requires_grad_(False)
    losses = Losses(parse("bce + dice", "mask"), parse("l1", "depth"))
    learnt = [part for part in model.parameters() if part.requires_grad]
    optimizer = torch.optim.Adam(learnt, LR.get(name, 3e-3))
    constant = rmse(true.depth.mean(), true.depth)
    for step in range(STEPS):
        mask_logits, depth = model(true.bg, true.fg_bg)
        if (
            step % CHECKED_EVERY == 0
            and iou(mask_logits, true.mask) > 0.95
            and rmse(depth, true.depth) < constant
        ):
            break
        optimizer.zero_grad()
        losses(mask_logits, depth, true)["loss"].backward()
        optimizer.step()
    assert iou(mask_logits, true.mask) > 0.95
    assert rmse(depth, true.depth) < constant


def iou(mask_logits: torch.Tensor, mask: torch.Tensor) -> float:
    found, wanted = mask_logits > 0, mask > 0.5
    return float((found & wanted).sum() / (found | wanted).sum())


def rmse(depth: torch.Tensor, true: torch.Tensor) -> float:
    return float((depth.detach() - true).square().mean().sqrt())
