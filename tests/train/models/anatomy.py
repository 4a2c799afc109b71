"""What a network consists of, and what its parts give."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from data_manifest.pictures.resizing import resize
from data_manifest.record import Picture, Size
from train.models.student import Student


def count(module: nn.Module) -> int:
    """Parameters."""
    return sum(part.numel() for part in module.parameters())


def counts(model: nn.Module, names: Iterable[str]) -> dict[str, int]:
    """Parameters of its parts by name."""
    return {name: count(model.get_submodule(name)) for name in names}


def layers(model: nn.Module) -> int:
    """Convolutions and batch norms, as the tables of five projects count them."""
    kinds = nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d
    return sum(isinstance(module, kinds) for module in model.modules())


def random_pair(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Two unlike pictures of noise, (1, 3, height, width)."""
    generator = torch.Generator().manual_seed(0)
    bg, fg_bg = torch.rand(2, 1, 3, height, width, generator=generator)
    return bg, fg_bg


def part_shapes(model: Student, names: Iterable[str], side: int) -> dict[str, tuple[int, int]]:
    """Channels and height that the parts give for a square pair."""
    found = {}

    def keep(name: str) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            found[name] = (output.shape[1], output.shape[2])

        model.get_submodule(name).register_forward_hook(hook)

    for name in names:
        keep(name)
    with torch.inference_mode():
        outputs = model.eval()(*random_pair(side, side))
    assert all(output.shape == (1, 1, side, side) for output in outputs)
    return found


def reached(model: Student, output: int) -> set[str]:
    """Names of the direct children that mask logits, output 0, or depth, output 1, depend on."""
    model.zero_grad(set_to_none=True)
    model.eval()(*random_pair(64, 64))[output].square().mean().backward()
    return {
        name
        for name, child in model.named_children()
        if any(part.grad is not None and bool(part.grad.any()) for part in child.parameters())
    }


def given_to(model: Student, name: str, pair: tuple[Tensor, Tensor]) -> Tensor:
    """What a part is given when the network is given a pair."""
    found: list[Tensor] = []
    part = model.get_submodule(name)
    part.register_forward_pre_hook(lambda _module, inputs: found.append(inputs[0]))
    with torch.inference_mode():
        model.eval()(*pair)
    (tensor,) = found
    return tensor


def as_batch(pictures: list[Picture], size: Size) -> Tensor:
    """(B, 3, H, W) float in [0, 1]."""
    rows = [torch.from_numpy(resize(picture, size)).permute(2, 0, 1) for picture in pictures]
    return torch.stack(rows).float() / 255
