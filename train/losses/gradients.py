"""Losses of pictures' gradients: edges that are missing, blurred or invented.

Both look at the error's gradient, which is the difference of the gradients.
"""

from torch import Tensor
from torch.nn import functional as F

from train.losses.pixels import mean

SCALES = 4


def grad(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean absolute difference of Sobel gradients along x and y, (B,), of (B, 1, H, W) float.

    vathos's ``GradLoss``: the mean over both directions, weights divided by 8, and the border's
    pixels repeated. Our own: equal to kornia's ``spatial_gradient``, and faster.
    """
    error = F.pad(predicted - true, [1] * 4, mode="replicate")
    rows = (error[..., :-2, :] + 2 * error[..., 1:-1, :] + error[..., 2:, :]) / 8
    columns = (error[..., :-2] + 2 * error[..., 1:-1] + error[..., 2:]) / 8
    along_x = rows[..., 2:] - rows[..., :-2]
    along_y = columns[..., 2:, :] - columns[..., :-2, :]
    return (mean(along_x.abs()) + mean(along_y.abs())) / 2


def multiscale_gradient(error: Tensor) -> Tensor:
    """Absolute differences of neighbours per pixel, added over four scales, (B, 1, H, W) to (B,).

    Each scale keeps every other pixel of the one before, as MiDaS's code does (Ranftl et al. 2020).
    """
    scales = (error[..., :: 2**scale, :: 2**scale] for scale in range(SCALES))
    first, *others = (_differences(part) for part in scales)
    return sum(others, first)


def _differences(error: Tensor) -> Tensor:
    along_x = (error[..., 1:] - error[..., :-1]).abs().flatten(1).sum(1)
    along_y = (error[..., 1:, :] - error[..., :-1, :]).abs().flatten(1).sum(1)
    return (along_x + along_y) / error[0].numel()
