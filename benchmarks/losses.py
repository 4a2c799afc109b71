"""Structural similarity with its gradient: ours beside kornia's, and beside plain convolutions.

Usage: python benchmarks/losses.py
"""

from collections.abc import Callable

import torch
from kornia.metrics import ssim as kornia_map
from measure import interleaved, print_table
from torch import Tensor
from torch.nn import functional as F

from train.losses.similarity import C1, C2, SIGMA, WINDOW, ssim

SHAPES = ((16, 1, 96, 96), (8, 1, 224, 224), (2, 1, 512, 512))
THREADS, ROUNDS = 2, 15


def kornia_ssim(first: Tensor, second: Tensor) -> Tensor:
    """kornia's, with zeros beyond the border as ours has them."""
    pair = (F.pad(part, [WINDOW // 2] * 4) for part in (first, second))
    return kornia_map(*pair, window_size=WINDOW, padding="valid").mean(dim=(1, 2, 3))


def convolved_ssim(first: Tensor, second: Tensor) -> Tensor:
    """Two passes of grouped convolutions over the moments as channels."""
    moving = _blur(torch.cat([first, first * first + second * second, first * second], dim=1))
    mean1, squares, product = moving.split(1, dim=1)
    mean2 = _blur(second)
    means, mean_squares = mean1 * mean2, mean1 * mean1 + mean2 * mean2
    alike = (2 * means + C1) * (2 * (product - means) + C2)
    return (alike / ((mean_squares + C1) * (squares - mean_squares + C2))).mean(dim=(1, 2, 3))


def _blur(picture: Tensor) -> Tensor:
    channels, half = picture.shape[1], WINDOW // 2
    offsets = torch.arange(WINDOW, dtype=picture.dtype) - half
    gaussian = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    weights = (gaussian / gaussian.sum()).expand(channels, 1, 1, WINDOW)
    rows = F.conv2d(picture, weights, padding=(0, half), groups=channels)
    return F.conv2d(rows, weights.mT, padding=(half, 0), groups=channels)


WAYS = {"kornia": kornia_ssim, "two convolutions": convolved_ssim, "train.losses": ssim}


def step(
    way: Callable[[Tensor, Tensor], Tensor], pair: tuple[Tensor, Tensor]
) -> Callable[[], None]:
    """Forwards and backwards once."""
    return lambda: way(*pair).mean().backward()


def main() -> None:
    """Print the table."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    rows = []
    for shape in SHAPES:
        true = torch.rand(shape)
        pair = (true * 0.8 + true.roll(1, 3) * 0.1).requires_grad_(), true
        expected = convolved_ssim(*(part.double() for part in pair))
        seconds = interleaved({name: step(way, pair) for name, way in WAYS.items()}, ROUNDS)
        for name, way in WAYS.items():
            error = float((way(*pair) - expected).abs().max().detach())
            ratio = seconds["kornia"] / seconds[name]
            rows.append(
                (
                    "x".join(map(str, shape)),
                    name,
                    f"{seconds[name] * 1e3:.1f}",
                    f"{ratio:.1f}",
                    f"{error:.0e}",
                )
            )
    print_table(("batch", "SSIM", "ms", "times as fast as kornia", "largest error"), rows)


if __name__ == "__main__":
    main()
