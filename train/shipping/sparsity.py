"""Weights set to zero, where they are, and what they weigh.

Convolutions take part, pretrained and frozen ones like others, as most weights of a pretrained
student are there, nine of ten of twin's. Left out are depthwise ones and those that give an answer,
a few weights in a hundred on each of which much depends: with a fifth of a twin's weights zero,
depth's error was 12.1 cm so, 13.5 cm with depthwise ones too and 14.3 cm with all; 11.0 cm before.
"""

import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.utils import prune

from train.running.checkpoint import Checkpoint

Convolution = nn.Conv2d | nn.ConvTranspose2d


class Sparsity(NamedTuple):
    """How many of a layer's weights are zero, of how many."""

    name: str
    zeros: int
    weights: int

    @property
    def share(self) -> float:
        """The zeros' share."""
        return self.zeros / self.weights


class Weight(NamedTuple):
    """What a checkpoint takes on disk, and what it takes when zlib packs it."""

    file_bytes: int
    packed_bytes: int

    def __str__(self) -> str:
        return f"{self.file_bytes / 1e6:.2f} MB, {self.packed_bytes / 1e6:.2f} MB packed by zlib"


def zero_smallest(model: nn.Module, amount: float) -> None:
    """Set the share ``amount`` of the weights that take part to zero, the smallest in size (L1)."""
    model.to(memory_format=torch.contiguous_format)  # as torch's pruning expects it
    layers = [(layer, "weight") for layer in _convolutions(model).values() if _takes_part(layer)]
    prune.global_unstructured(layers, prune.L1Unstructured, amount=amount)
    for layer, name in layers:
        prune.remove(layer, name)  # type: ignore[no-untyped-call]
    model.to(memory_format=torch.channels_last)


def sparsities(model: nn.Module) -> list[Sparsity]:
    """Every convolution, the sparsest first."""
    found = [
        Sparsity(name, int((layer.weight == 0).sum()), layer.weight.numel())
        for name, layer in _convolutions(model).items()
    ]
    return sorted(found, key=lambda layer: -layer.share)


def all_of(layers: list[Sparsity]) -> Sparsity:
    """All layers together."""
    zeros, weights = sum(layer.zeros for layer in layers), sum(layer.weights for layer in layers)
    return Sparsity("all convolutions", zeros, weights)


def weigh(checkpoint: Checkpoint) -> Weight:
    """What a checkpoint weighs; packed, it is a hint of how much its weights say."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weighed.pt"
        checkpoint.write(file)
        content = file.read_bytes()
    return Weight(len(content), len(zlib.compress(content)))


def _convolutions(model: nn.Module) -> dict[str, Convolution]:
    layers = model.named_modules()
    return {name: layer for name, layer in layers if isinstance(layer, Convolution)}


def _takes_part(layer: Convolution) -> bool:
    depthwise = layer.groups == layer.in_channels > 1
    return not depthwise and layer.out_channels > 1
