"""The losses by name, and what each is. No torch: options are checked before it is imported."""

from collections.abc import Mapping
from typing import Literal

Task = Literal["mask", "depth"]

MASK: dict[str, str] = {
    "bce": "binary cross-entropy",
    "focal": "binary cross-entropy that easy pixels hardly count in (Lin 2017: 0.25, 2)",
    "dice": "1 - Dice coefficient, soft",
    "iou": "1 - intersection over union, soft",
    "tversky": "1 - Tversky index, soft (vathos: 0.6 of false positives, 0.5 of false negatives)",
    "mse": "mean squared error of the probability",
    "l1": "mean absolute error of the probability",
    "rmse": "root mean square error of the probability",
    "ssim": "1 - structural similarity of the probability, in windows of 11 pixels",
    "ssim3": "the same in windows of 3 pixels",
    "ssim5": "the same in windows of 5 pixels",
    "ssim7": "the same in windows of 7 pixels",
    "ssim11": "ssim by another name",
}
DEPTH: dict[str, str] = {
    "mse": "mean squared error",
    "l1": "mean absolute error",
    "rmse": "root mean square error",
    "berhu": "absolute error, squared beyond a fifth of the largest (Laina 2016)",
    "trimmed_l1": "mean absolute error without the largest 20 %",
    "bce": "binary cross-entropy of depth as a probability",
    "iou": "1 - sum of the smaller over sum of the larger depths",
    "grad": "mean absolute error of Sobel gradients",
    "ssim": "1 - structural similarity in windows of 11 pixels",
    "ssim3": "the same in windows of 3 pixels",
    "ssim5": "the same in windows of 5 pixels",
    "ssim7": "the same in windows of 7 pixels",
    "ssim11": "ssim by another name",
    "vathos_ssim": "structural dissimilarity in windows of 5 and of 11 pixels, added (vathos)",
    "rmse_ssim": "square root of vathos_ssim, and 4 times rmse (vathos)",
    "silog": "error of the logarithm that a common factor hardly counts in (Eigen 2014: 0.85)",
    "ssi": "mean absolute error after the best scale and shift (Ranftl 2020)",
    "ssi_trimmed": "the same without the largest 20 %",
    "ssigrad": "gradients of ssi's errors at four scales (Ranftl 2020)",
}
LOSSES: dict[Task, dict[str, str]] = {"mask": MASK, "depth": DEPTH}

MDEAS: dict[Task, str] = {
    "mask": "mse + 0.4*ssim + 1e-6*l1",
    "depth": "2*ssim + 0.1*mse + 1e-6*l1",
}
"""MDEAS's composite loss as expressions."""


def listing(losses: Mapping[str, str]) -> str:
    """Losses and what they are, a line each, for ``--help``."""
    return "\n".join(f"{name:12}{what}" for name, what in losses.items())
