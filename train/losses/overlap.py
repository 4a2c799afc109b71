"""Losses of soft areas' overlap.

Each takes probabilities and truths, (B, 1, H, W) float in [0, 1], and gives (B,) in [0, 1]. A pixel
is added to numerator and denominator, as Gilf641's U-Net does: an empty mask answered by an empty
mask is then perfect. Gilf641 and others pool the batch, so that large masks outvote small
ones and the loss depends on what else is in the batch; here as in vathos each sample counts alike.
"""

from torch import Tensor

SMOOTH = 1.0  # pixels
FALSE_POSITIVES, FALSE_NEGATIVES = 0.6, 0.5
"""Tversky's alpha and beta, as vathos gives them in BCETversky."""


def dice(probability: Tensor, true: Tensor) -> Tensor:
    """1 - Dice coefficient, (B,): 2 I / (P + T) of intersection I and sums P and T."""
    both, predicted_area, true_area = _areas(probability, true)
    return 1 - (2 * both + SMOOTH) / (predicted_area + true_area + SMOOTH)


def iou(probability: Tensor, true: Tensor) -> Tensor:
    """1 - intersection over union, (B,): I / (P + T - I)."""
    both, predicted_area, true_area = _areas(probability, true)
    return 1 - (both + SMOOTH) / (predicted_area + true_area - both + SMOOTH)


def tversky(probability: Tensor, true: Tensor) -> Tensor:
    """1 - Tversky index, (B,): I / (I + 0.6 FP + 0.5 FN) (Salehi et al. 2017, vathos's weights)."""
    both, predicted_area, true_area = _areas(probability, true)
    wrong = FALSE_POSITIVES * (predicted_area - both) + FALSE_NEGATIVES * (true_area - both)
    return 1 - (both + SMOOTH) / (both + wrong + SMOOTH)


def _areas(probability: Tensor, true: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    both = (probability * true).flatten(1).sum(1)
    return both, probability.flatten(1).sum(1), true.flatten(1).sum(1)
