"""Means that can be saved half-way."""

import pytest
import torch
from accelerate import Accelerator

from train.running.sums import Sums, means


def test_means_weigh_samples_and_go_on_from_a_save() -> None:
    accelerator = Accelerator(cpu=True)
    values = [(0.5, 8), (1.25, 8), (3.0, 4)]
    whole = Sums()
    for loss, samples in values:
        whole.add({"loss": torch.tensor(loss), "mask/bce": torch.tensor(2 * loss)}, samples)
    first = Sums()
    first.add({"loss": torch.tensor(0.5), "mask/bce": torch.tensor(1.0)}, 8)
    rest = Sums(first.whole(accelerator))
    for loss, samples in values[1:]:
        rest.add({"loss": torch.tensor(loss), "mask/bce": torch.tensor(2 * loss)}, samples)
    assert rest.whole(accelerator) == whole.whole(accelerator)
    found = means(whole.whole(accelerator), "train")
    assert found == {"train/loss": pytest.approx(1.3), "train/mask/bce": pytest.approx(2.6)}


def test_a_learned_weight_is_a_mean_too() -> None:
    sums = Sums()
    sums.add({"loss": torch.tensor(-1.0, requires_grad=True)}, 3)
    assert means(sums.whole(Accelerator(cpu=True)), "val") == {"val/loss": -1.0}
