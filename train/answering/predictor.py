"""A trained student that is asked in pictures: of any size, one pair or many."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data_manifest.commands.device import Device, use_gpu
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import UsageError
from data_manifest.pictures.limits import MOST_PIXELS
from data_manifest.pictures.resizing import resize
from data_manifest.record import Depth, Picture, Size
from train.answering.tiles import Maps, blended, corners, room_for, settled
from train.models.student import Student
from train.panels.panel import Answer
from train.running.checkpoint import Checkpoint, Network

BATCH = 8
"""Pictures of the size trained for that are shown to the network at a time."""
MOST_STRETCHED = 4
"""Times the size trained for that the longer side of a picture is shown at most."""


class Pair(NamedTuple):
    """What a student is asked: (H, W, 3) uint8 RGB, the background in any size."""

    bg: Picture
    fg_bg: Picture


class Estimate(NamedTuple):
    """What a student says of a composite, before a threshold.

    ``probability`` that a pixel is foreground, (H, W) float32 in [0, 1]; ``depth`` (H, W) float32
    in the depth's unit.
    """

    probability: npt.NDArray[np.float32]
    depth: Depth

    def answer(self, threshold: float) -> Answer:
        """Mask and depth; a pixel is mask where its probability is above ``threshold``."""
        return Answer(self.probability > threshold, self.depth)


class Predictor:
    """``mask, depth = student(bg, fg_bg)``; arrays in, arrays out, in the composite's size.

    A picture is resized until its shorter side is that of the size trained for. With ``tiles`` it
    is cut into overlapping tiles of that size instead: finer edges, for more time. A pixel is mask
    where its probability is above ``threshold``.

    It works in float32 on any device, so that a GPU and a CPU say the same.
    """

    def __init__(
        self,
        network: Network,
        model: Student,
        device: torch.device,
        *,
        tiles: bool = False,
        threshold: float = 0.5,
    ) -> None:
        self.network, self.device, self.threshold = network, device, threshold
        self._model, self._tiles = model.to(device).eval(), tiles

    @classmethod
    def load(
        cls,
        run: str | Path,
        *,
        checkpoint: str = "best",
        device: Device = "auto",
        tiles: bool = False,
        threshold: float = 0.5,
    ) -> "Predictor":
        """The student of a run's folder, or of a checkpoint file.

        Raises UsageError where there is none, or a GPU is wanted and there is none, WeightsError
        where the file isn't a checkpoint.
        """
        path = Path(run)
        read = Checkpoint.read(path if path.is_file() else path / f"{checkpoint}.pt")
        on_gpu = use_gpu(device, has_gpu=torch.cuda.is_available())
        where = torch.device("cuda" if on_gpu else "cpu")
        return cls(read.network, read.trained_model(), where, tiles=tiles, threshold=threshold)

    @property
    def encoding(self) -> DepthEncoding:
        """What its depth means: the unit, and whether near is small."""
        return self.network.encoding

    def answers_as(self, labels: DepthEncoding) -> bool:
        """Whether its depth can be compared with such labels."""
        mine = self.encoding
        return (mine.unit, mine.kind, mine.near_is) == (labels.unit, labels.kind, labels.near_is)

    def __call__(self, bg: Picture, fg_bg: Picture) -> Answer:
        """(H, W, 3) uint8 RGB each to mask, (H, W) bool, and depth, (H, W) float32 in its unit."""
        return self.estimate(bg, fg_bg).answer(self.threshold)

    def estimate(self, bg: Picture, fg_bg: Picture) -> Estimate:
        """The mask's probability in place of the mask."""
        return self.estimates([(bg, fg_bg)])[0]

    def estimates(self, pairs: Iterable[tuple[Picture, Picture]]) -> list[Estimate]:
        """The same for many pairs, such as a video's frames; equal sizes are asked together.

        Raises UsageError where one isn't a pair of pictures.
        """
        checked = [_checked(Pair(*pair)) for pair in pairs]
        ask = self._in_tiles if self._tiles else self._whole
        groups = groupby(checked, lambda pair: Size.of(pair.fg_bg))
        found = [maps for size, group in groups for maps in ask(size, list(group))]
        return [Estimate(maps[0], self.encoding.from_target(maps[1])) for maps in found]

    @torch.inference_mode()
    def infer(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Mask logits and depth target estimates, (B, 1, H, W) float32, of tensors as a student
        takes them."""
        mask_logits, depth = self._model(bg.to(self.device), fg_bg.to(self.device))
        return mask_logits.float(), depth.float()

    def _whole(self, size: Size, pairs: Sequence[Pair]) -> list[Maps]:
        """Probability and target, (2, H, W), of pictures of one size."""
        inner = shown_size(size, self.network.size, self._model.multiple)
        return [_resized(maps, size) for maps in self._ask([_pair(p, inner) for p in pairs])]

    def _in_tiles(self, size: Size, pairs: Sequence[Pair]) -> list[Maps]:
        return [self._one_in_tiles(size, pair) for pair in pairs]

    def _one_in_tiles(self, size: Size, pair: Pair) -> Maps:
        tile = self.network.size
        room = room_for(size, tile)
        if room.width * room.height > MOST_PIXELS:  # a line, which tiles don't fit in
            return self._whole(size, [pair])[0]
        large, at = _pair(pair, room), corners(room, tile)
        (overview,) = self._whole(room, [large])
        crops = [Pair(*(part[corner.of(tile)] for part in large)) for corner in at]
        answers = (
            np.stack([maps[0], settled(maps[1], overview[1][corner.of(tile)])])
            for corner, maps in zip(at, self._ask(crops), strict=True)
        )
        return _resized(blended(room, tile, at, answers).clip(0, 1), size)

    def _ask(self, pairs: Sequence[Pair]) -> Iterator[Maps]:
        """Probability and target, (2, h, w), of pictures of one size that the network can take."""
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            bg, fg_bg = (
                torch.from_numpy(np.stack(part)).to(self.device).permute(0, 3, 1, 2).float() / 255
                for part in zip(*batch, strict=True)
            )
            mask_logits, depth = self.infer(bg, fg_bg)
            maps = torch.cat([torch.sigmoid(mask_logits), depth.clamp(0, 1)], dim=1)
            yield from maps.cpu().numpy()


def shown_size(whole: Size, trained: Size, multiple: int) -> Size:
    """The size that a picture is shown in: its shorter side is that of the size trained for.

    Sides are multiples, so that proportions change a little. The longer side of a very long picture
    is MOST_STRETCHED times that of the size trained for.
    """
    factor = min(trained.shorter / whole.shorter, MOST_STRETCHED * max(trained) / max(whole))
    return Size(*(max(1, round(side * factor / multiple)) * multiple for side in whole))


def _pair(pair: Pair, size: Size) -> Pair:
    return Pair(resize(pair.bg, size), resize(pair.fg_bg, size))


def _resized(maps: Maps, size: Size) -> Maps:
    return np.stack([resize(one, size) for one in maps])


def _checked(pair: Pair) -> Pair:
    for name, picture in pair._asdict().items():
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise UsageError(
                f"{name} is {picture.shape} {picture.dtype}; expected (H, W, 3) uint8, RGB."
            )
    return pair
