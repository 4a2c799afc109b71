"""``train predict``: masks, depth and panels to look at, of pictures or of samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from PIL import Image, ImageOps

from data_manifest.codec import encode_depth, encode_mask
from data_manifest.dataset import Dataset
from data_manifest.errors import SourceError, UsageError
from data_manifest.header import DepthEncoding
from data_manifest.publish import make_folder, publishing
from data_manifest.record import Depth, Mask, Picture
from data_manifest.sheet import Strip, depth_limits, depth_tile, mask_tile, sheet, write_png
from train.checkpoint import Checkpoint
from train.config import MULTIPLE, PredictConfig
from train.device import make_accelerator
from train.models.student import Student

PANEL_ROWS = 24


class Question(NamedTuple):
    """A pair of pictures to answer, (H, W, 3) uint8 RGB, and the truth where it is known."""

    key: str
    bg: Picture
    fg_bg: Picture
    mask: Mask | None = None
    depth: Depth | None = None


class Answer(NamedTuple):
    """What the student says of a question: (H, W) bool and (H, W) float32 in the depth's unit."""

    mask: Mask
    depth: Depth


def predict(config: PredictConfig) -> str:
    """Write KEY.mask.png, KEY.depth.png (16-bit) and KEY.panel.png of all, and panel.png.

    Raises UsageError where pictures don't match, or files would be replaced unasked.
    """
    checkpoint = Checkpoint.read(config.run / f"{config.checkpoint}.pt")
    accelerator = make_accelerator(config.device)
    model = accelerator.prepare(checkpoint.trained_model())
    make_folder(config.out)
    shown: list[tuple[Question, Answer]] = []
    count = 0
    for question in _questions(config):
        answer = ask(model, question, checkpoint.size, accelerator, config.threshold)
        answer = answer._replace(depth=in_unit(answer.depth, checkpoint.encoding))
        _write(config, question, answer, checkpoint.encoding)
        count += 1
        if len(shown) < PANEL_ROWS:
            shown.append((question, answer))
    if not count:
        raise UsageError("There is nothing to predict: no picture or sample was found.")
    path = config.out / "panel.png"
    write_png(path, panel(shown, checkpoint.encoding), overwrite=config.overwrite)
    return f"{count} predictions in {config.out}; {len(shown)} of them are shown in {path}"


def in_unit(target: Depth, encoding: DepthEncoding) -> Depth:
    """A target estimate as depth in the encoding's unit, clipped to the range that was trained."""
    return np.clip(target, 0, 1) / np.float32(encoding.target_scale) + np.float32(
        encoding.target_offset
    )


@torch.inference_mode()
def ask(
    model: Student, question: Question, size: int, accelerator: Accelerator, threshold: float
) -> Answer:
    """Run the student with the shorter side near ``size``; the answer has the question's size.

    ``Answer.depth`` is the target estimate, in [0, 1] where it is sensible.
    """
    height, width = question.fg_bg.shape[:2]
    inner = tuple(
        max(MULTIPLE, round(side * size / min(height, width) / MULTIPLE) * MULTIPLE)
        for side in (height, width)
    )
    tensors = [
        torch.from_numpy(_resized(picture, inner).transpose(2, 0, 1).copy())[None].float() / 255
        for picture in (question.bg, question.fg_bg)
    ]
    mask_logits, depth = model(*(tensor.to(accelerator.device) for tensor in tensors))
    probability, estimate = (
        cv2.resize(part[0, 0].float().cpu().numpy(), (width, height))
        for part in (torch.sigmoid(mask_logits), depth)
    )
    return Answer(np.greater(probability, threshold), estimate.astype(np.float32, copy=False))


def _resized(picture: Picture, size: tuple[int, ...]) -> Picture:
    if picture.shape[:2] == size:
        return picture
    how = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(picture, size[::-1], interpolation=how).astype(np.uint8, copy=False)


def panel(shown: list[tuple[Question, Answer]], encoding: DepthEncoding) -> Picture:
    """Questions beside answers, and truths where they are known, (h, w, 3) uint8 RGB."""
    known = all(question.mask is not None and question.depth is not None for question, _ in shown)
    side = min(256, *(min(question.fg_bg.shape[:2]) for question, _ in shown))
    limits = depth_limits([_square(answer.depth, side) for _, answer in shown])
    titles = ["bg", "fg_bg", "mask: predicted", "depth: predicted"]
    if known:
        titles[3:3] = ["mask: true"]
        titles.append("depth: true")
    strips = []
    for question, answer in shown:
        masks, depths = [answer.mask], [answer.depth]
        if known and question.mask is not None and question.depth is not None:
            masks, depths = [*masks, question.mask], [*depths, question.depth]
        tiles = [question.bg, question.fg_bg, *map(mask_tile, masks)]
        tiles += [depth_tile(depth, limits, encoding.near_is) for depth in depths]
        strips.append(Strip([_square(tile, side) for tile in tiles], question.key))
    return sheet(titles, strips)


def _square(picture: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    return picture if picture.shape[:2] == (side, side) else cv2.resize(picture, (side, side))


def _write(
    config: PredictConfig, question: Question, answer: Answer, encoding: DepthEncoding
) -> None:
    stored = np.rint((answer.depth - encoding.offset) / encoding.scale).clip(0, 65535)
    files = {
        "mask": encode_mask(answer.mask.astype(np.uint8) * np.uint8(255)),
        "depth": encode_depth(stored.astype(np.uint16)),
    }
    for kind, content in files.items():
        path = config.out / f"{question.key}.{kind}.png"
        if path.exists() and not config.overwrite:
            raise UsageError(f"{path} exists; choose another --out, or give --overwrite.")
        make_folder(path.parent)
        with publishing(path) as temporary:
            temporary.write_bytes(content)
    path = config.out / f"{question.key}.panel.png"
    write_png(path, panel([(question, answer)], encoding), overwrite=config.overwrite)


def _questions(config: PredictConfig) -> Iterator[Question]:
    if config.shards:
        dataset = Dataset(config.shards, split=config.split)
        for row in _spread(len(dataset), config.limit):
            sample = dataset[row]
            yield Question(sample.record.key, sample.bg, sample.fg_bg, sample.mask, sample.depth)
        return
    assert config.fg_bg is not None and config.bg is not None
    pairs = pair_pictures(config.bg, config.fg_bg)
    for row in _spread(len(pairs), config.limit):
        key, bg, fg_bg = pairs[row]
        yield _question(key, bg, fg_bg)


def _spread(total: int, limit: int | None) -> list[int]:
    count = min(total, limit or total)
    return [number * total // count for number in range(count)]


def pair_pictures(bg: Path, fg_bg: Path) -> list[tuple[str, Path, Path]]:
    """Key, background and composite of every pair.

    ``fg_bg`` is a picture or a folder of them; ``bg`` is one picture for all, or a folder with
    files of the same relative name, whatever the ending.

    Raises UsageError where one has no partner.
    """
    for path in (bg, fg_bg):
        if not path.exists():
            raise UsageError(f"There is no {path}; give a picture or a folder of pictures.")
    composites = _by_key(fg_bg)
    if bg.is_file():
        return [(key, bg, path) for key, path in composites.items()]
    backgrounds = _by_key(bg)
    lonely = [key for key in composites if key not in backgrounds]
    if lonely:
        raise UsageError(
            f"{composites[lonely[0]]} has no background: {bg} holds no picture named {lonely[0]}; "
            "give one picture as --bg if all share it."
        )
    return [(key, backgrounds[key], path) for key, path in composites.items()]


def _by_key(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {path.stem: path}
    endings = Image.registered_extensions()
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
    return {file.relative_to(path).with_suffix("").as_posix(): file for file in files}


def _question(key: str, bg: Path, fg_bg: Path) -> Question:
    composite, background = _read(fg_bg), _read(bg)
    if background.shape != composite.shape:
        height, width = composite.shape[:2]
        background = _resized(background, (height, width))
    return Question(key, background, composite)


def _read(path: Path) -> Picture:
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{path} can't be decoded: {' '.join(str(error).split())}.") from error
