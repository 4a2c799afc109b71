from pathlib import Path

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.judging.baselines import baseline_maps, best_constant_mask, mean_maps


def test_mean_maps_are_means(labelled: Path) -> None:
    samples = list(Dataset(labelled, split="train"))
    loader = Loader(Samples(Dataset(labelled, split="train")), 0)
    draws = as_stored(np.arange(len(samples)), 16, Size(96, 96))
    mask, depth = mean_maps(loader.batches(draws))
    assert np.allclose(mask, np.mean([s.mask for s in samples], axis=0))
    assert np.allclose(depth, np.mean([s.depth / 10 for s in samples], axis=0), atol=1e-6)
    maps = baseline_maps(loader.batches(draws))
    assert not maps["empty mask"][0].any() and maps["mean mask"][0].any()


def test_the_constant_mask_is_the_best_level_set(labelled: Path) -> None:
    masks = np.stack([sample.mask for sample in Dataset(labelled)])
    mean = masks.mean(axis=0)

    def pooled_iou(region: np.ndarray) -> float:
        return float((masks & region).sum() / (masks | region).sum())

    best = pooled_iou(best_constant_mask(mean))
    assert best >= max(pooled_iou(mean >= level) for level in np.unique(mean)) - 1e-12
    assert best > pooled_iou(mean > 0.5)
