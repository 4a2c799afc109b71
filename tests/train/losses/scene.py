"""Real samples, and answers to them that are wrong as a student's are: made of the pictures."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.picks import spread
from train.data.batch import Batch

TEN_METRES = DepthEncoding(
    scale=0.001, offset=0, unit="metres", kind="metric", near_is="small",
    target_scale=0.1, target_offset=0,
)  # fmt: skip
COUNT = 8


class Scene(NamedTuple):
    """Truths as floats, and answers: logits and target estimates, (8, 1, 96, 96) float32."""

    true: Batch
    logits: Tensor
    depth: Tensor

    def double(self) -> "Scene":
        return Scene(
            Batch(*(part.double() for part in self.true)), self.logits.double(), self.depth.double()
        )

    def part(self, which: slice) -> "Scene":
        return Scene(
            Batch(*(part[which] for part in self.true)), self.logits[which], self.depth[which]
        )

    def crop(self) -> "Scene":
        """20 by 24 pixels in the middle of two samples, where mask and background meet."""
        y, x = slice(36, 56), slice(30, 54)
        cut = [part[:2, :, y, x].clone() for part in (*self.true, self.logits, self.depth)]
        return Scene(Batch(*cut[:4]), *cut[4:])


def make_scene(labelled: Path) -> Scene:
    """Masks moved and blurred, depth moved and mixed with the picture's brightness."""
    dataset = Dataset(labelled)
    samples = [dataset[int(row)] for row in spread(len(dataset), COUNT)]
    bg, fg_bg = (
        torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2)).float() / 255
        for pictures in ([s.bg for s in samples], [s.fg_bg for s in samples])
    )
    mask = torch.from_numpy(np.stack([s.mask for s in samples]))[:, None].float()
    stored = np.stack([s.depth for s in samples if s.depth is not None])[:, None]
    depth = torch.from_numpy(dataset.depth_encoding.to_target(stored.astype(np.float32)))
    brightness = fg_bg.mean(dim=1, keepdim=True)
    blurred = F.avg_pool2d(mask.roll(2, dims=3), 5, stride=1, padding=2)
    return Scene(
        Batch(bg, fg_bg, mask, depth),
        6 * (blurred - 0.5) + 2 * (brightness - 0.5),
        0.7 * depth + 0.1 * depth.roll(3, dims=2) + 0.15 * brightness + 0.02,
    )
