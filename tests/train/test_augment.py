from pathlib import Path

import torch
from train.augment import augment

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.data import Batch, Samples, make_loader


def real_batch(labelled: Path) -> Batch:
    batch: Batch = next(iter(make_loader(Samples(Dataset(labelled), Size(96, 96)), 32, 0)))
    return batch.as_float()


def test_labels_move_with_the_pictures(labelled: Path) -> None:
    torch.manual_seed(0)
    before = real_batch(labelled)
    after = augment(before)
    mirrored = [bool((a == b.flip(2)).all()) for a, b in zip(after.mask, before.mask, strict=True)]
    plain = [bool((a == b).all()) for a, b in zip(after.mask, before.mask, strict=True)]
    assert all(m or p for m, p in zip(mirrored, plain, strict=True))
    assert 8 < sum(mirrored) < 24
    for index, flipped in enumerate(mirrored):
        depth = before.depth[index].flip(2) if flipped else before.depth[index]
        assert torch.equal(after.depth[index], depth)


def test_background_and_composite_vary_alike(labelled: Path) -> None:
    torch.manual_seed(1)
    before = real_batch(labelled)
    same = Batch(before.bg, before.bg, before.mask, before.depth)
    after = augment(same)
    assert torch.equal(after.bg, after.fg_bg)
    assert not torch.allclose(after.bg.mean(dim=(1, 2, 3)), before.bg.mean(dim=(1, 2, 3)))
    assert float(after.bg.min()) >= 0 and float(after.bg.max()) <= 1


def test_the_seed_decides(labelled: Path) -> None:
    before = real_batch(labelled)
    torch.manual_seed(2)
    first = augment(before)
    torch.manual_seed(2)
    assert torch.equal(first.bg, augment(before).bg)
    assert not torch.equal(first.bg, augment(before).bg)
