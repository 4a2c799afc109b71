"""Every loss once more, of one sample, in plain float64 numpy: what ours are held against."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Array = npt.NDArray[np.float64]
Loss = Callable[[Array, Array], float]


def sigmoid(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logits)))


def cross_entropy(p: Array, t: Array) -> float:
    return float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean())


def focal(p: Array, t: Array) -> float:
    on = 0.25 * (1 - p) ** 2 * -np.log(p)
    off = 0.75 * p**2 * -np.log(1 - p)
    return float(np.where(t == 1, on, off).mean())


def dice(p: Array, t: Array) -> float:
    return float(1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1))


def iou(p: Array, t: Array) -> float:
    return float(1 - ((p * t).sum() + 1) / ((p + t - p * t).sum() + 1))


def iou_of_depth(p: Array, t: Array) -> float:
    return float(1 - (np.minimum(p, t).sum() + 1) / (np.maximum(p, t).sum() + 1))


def tversky(p: Array, t: Array) -> float:
    false_positive, false_negative = (p * (1 - t)).sum(), ((1 - p) * t).sum()
    both = (p * t).sum()
    return float(1 - (both + 1) / (both + 0.6 * false_positive + 0.5 * false_negative + 1))


def mse(p: Array, t: Array) -> float:
    return float(np.square(p - t).mean())


def l1(p: Array, t: Array) -> float:
    return float(np.abs(p - t).mean())


def rmse(p: Array, t: Array) -> float:
    return float(np.sqrt(np.square(p - t).mean() + 1e-6))


def berhu_with(limit: float) -> Loss:
    """The loss with a given c; it is a constant to the gradient."""

    def berhu(p: Array, t: Array) -> float:
        error = np.abs(p - t)
        beyond = (error**2 + limit**2) / (2 * limit)
        return float(np.where(error <= limit, error, beyond).mean())

    return berhu


def berhu(p: Array, t: Array) -> float:
    return berhu_with(0.2 * float(np.abs(p - t).max()))(p, t)


def trimmed_l1(p: Array, t: Array) -> float:
    errors = np.sort(np.abs(p - t), axis=None)
    return float(errors[: errors.size - errors.size // 5].mean())


def sobel(p: Array, t: Array) -> float:
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    shares = []
    for one in (kernel, kernel.T):
        of_p, of_t = (
            (sliding_window_view(np.pad(picture, 1, mode="edge"), (3, 3)) * one).sum(axis=(2, 3))
            for picture in (p, t)
        )
        shares.append(np.abs(of_p - of_t).mean())
    return float(np.mean(shares))


def ssim_map(p: Array, t: Array, window: int, border: str) -> Array:
    """Wang et al. 2004, with variances as what they are: mean squares around the mean."""
    half = window // 2
    gaussian = np.exp(-((np.arange(window) - half) ** 2) / (2 * 1.5**2))
    weights = np.outer(gaussian, gaussian) / gaussian.sum() ** 2
    around_p, around_t = (
        sliding_window_view(np.pad(picture, half, mode=border), (window, window))  # type: ignore[call-overload]
        for picture in (p, t)
    )
    mean_p, mean_t = ((part * weights).sum(axis=(2, 3)) for part in (around_p, around_t))
    off_p, off_t = around_p - mean_p[..., None, None], around_t - mean_t[..., None, None]
    var_p, var_t, both = (
        (part * weights).sum(axis=(2, 3)) for part in (off_p**2, off_t**2, off_p * off_t)
    )
    above = (2 * mean_p * mean_t + 1e-4) * (2 * both + 9e-4)
    return np.asarray(above / ((mean_p**2 + mean_t**2 + 1e-4) * (var_p + var_t + 9e-4)))


def ssim_in(window: int) -> Loss:
    return lambda p, t: float(1 - ssim_map(p, t, window, "constant").mean())


def vathos_ssim(p: Array, t: Array) -> float:
    maps = (ssim_map(p, t, window, "reflect") for window in (5, 11))
    return float(sum(np.clip(1 - one, 0, 1).mean() / 2 for one in maps))


def rmse_ssim(p: Array, t: Array) -> float:
    return float(np.sqrt(vathos_ssim(p, t) + 1e-6) + 4 * rmse(p, t))


def silog(p: Array, t: Array) -> float:
    g = np.log(np.maximum(p, 1e-3)) - np.log(np.maximum(t, 1e-3))
    return float(np.sqrt((g**2).mean() - 0.85 * g.mean() ** 2 + 1e-6))


def aligned(p: Array, t: Array) -> Array:
    scale = ((p - p.mean()) * (t - t.mean())).mean() / (p.var() + 1e-10)
    return np.asarray(scale * p + t.mean() - scale * p.mean())


def ssi(p: Array, t: Array) -> float:
    return l1(aligned(p, t), t)


def ssi_trimmed(p: Array, t: Array) -> float:
    return trimmed_l1(aligned(p, t), t)


def ssigrad(p: Array, t: Array) -> float:
    total = 0.0
    for step in (1, 2, 4, 8):
        error = (aligned(p, t) - t)[::step, ::step]
        steps = np.abs(np.diff(error, axis=0)).sum() + np.abs(np.diff(error, axis=1)).sum()
        total += float(steps) / error.size
    return total


def of_probability(loss: Loss) -> Loss:
    return lambda logits, t: loss(sigmoid(logits), t)


SSIM = {f"ssim{window}": ssim_in(window) for window in (3, 5, 7, 11)} | {"ssim": ssim_in(11)}
PIXELS: dict[str, Loss] = {"mse": mse, "l1": l1, "rmse": rmse, **SSIM}
MASK: dict[str, Loss] = {
    name: of_probability(loss)
    for name, loss in {
        **PIXELS, "bce": cross_entropy, "focal": focal, "dice": dice, "iou": iou,
        "tversky": tversky,
    }.items()
}  # fmt: skip
DEPTH: dict[str, Loss] = {
    **PIXELS, "berhu": berhu, "trimmed_l1": trimmed_l1, "bce": cross_entropy,
    "iou": iou_of_depth, "grad": sobel, "vathos_ssim": vathos_ssim, "rmse_ssim": rmse_ssim,
    "silog": silog, "ssi": ssi, "ssi_trimmed": ssi_trimmed, "ssigrad": ssigrad,
}  # fmt: skip


def gradient(loss: Loss, p: Array, t: Array, pixels: npt.NDArray[np.int64]) -> Array:
    """Central differences of a loss by some pixels of what is predicted, (n,)."""
    if loss is berhu:
        loss = berhu_with(0.2 * float(np.abs(p - t).max()))
    slopes, step = [], 1e-6
    for pixel in pixels:
        nudge = np.zeros(p.size)
        nudge[pixel] = step
        nudge = nudge.reshape(p.shape)
        slopes.append((loss(p + nudge, t) - loss(p - nudge, t)) / (2 * step))
    return np.array(slopes)
