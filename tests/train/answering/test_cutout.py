"""Cut-outs: the composite's colours where the mask is, and nothing elsewhere."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import Mask, Picture
from train.answering.cutout import GREEN, cutout, on_green

Cut = tuple[Picture, np.ndarray, Mask, Picture]


@pytest.fixture
def cut(labelled: Path) -> Cut:
    """A composite, a soft probability, the mask that it makes, and the cut-out."""
    sample = Dataset(labelled)[0]
    probability = cv2.GaussianBlur(sample.mask.astype(np.float32), (0, 0), 3)
    mask = probability > 0.5
    return sample.fg_bg, probability, mask, cutout(sample.fg_bg, probability, mask)


def test_a_cut_out_has_the_composites_colours_and_the_probability(cut: Cut) -> None:
    fg_bg, probability, mask, rgba = cut
    assert rgba.shape == (96, 96, 4) and rgba.dtype == np.uint8
    assert np.array_equal(rgba[mask][:, :3], fg_bg[mask])
    assert np.abs(rgba[mask][:, 3] / 255 - probability[mask]).max() < 0.002
    assert len(np.unique(rgba[mask][:, 3])) > 20
    assert not rgba[~mask].any()


def test_on_green_there_is_green_where_nothing_is(cut: Cut) -> None:
    fg_bg, probability, mask, rgba = cut
    green = on_green(rgba)
    assert (green[~mask] == GREEN).all()
    sure = mask & (probability > 0.999)
    assert sure.any() and np.abs(green[sure].astype(int) - fg_bg[sure]).max() <= 1
