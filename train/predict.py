"""``train predict``: masks, depth and panels to look at, of pictures or of samples."""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from accelerate import Accelerator

from data_manifest.commands.remark import remark
from data_manifest.dataset import Dataset
from data_manifest.errors import SourceError, UsageError
from data_manifest.files.names import inside
from data_manifest.files.publish import make_folder, publishing
from data_manifest.header import DepthEncoding
from data_manifest.picks import spread
from data_manifest.pictures.resizing import resize
from data_manifest.pictures.sheet import write_png
from data_manifest.record import Size
from data_manifest.shards.codec import encode_depth, encode_mask
from train.answering.pairs import pair_pictures, read_pair
from train.config.trained import PredictConfig
from train.models.student import Student
from train.panels.panel import Answer, Question, panel
from train.running.checkpoint import Checkpoint
from train.running.device import make_accelerator

PANEL_ROWS = 24


def predict(config: PredictConfig) -> str:
    """Write KEY.mask.png, KEY.depth.png (16-bit) and KEY.panel.png of all, and panel.png.

    Raises UsageError where pictures don't match, or files would be replaced unasked.
    """
    checkpoint = Checkpoint.read(config.run / f"{config.checkpoint}.pt")
    accelerator = make_accelerator(config.device)
    model = accelerator.prepare(checkpoint.trained_model())
    sheet = config.out / "panel.png"
    if sheet.exists() and not config.overwrite:
        raise UsageError(f"{sheet} exists; choose another --out, or give --overwrite.")
    make_folder(config.out)
    shown: list[tuple[Question, Answer]] = []
    count = 0
    for question in _questions(config):
        answer = ask(model, question, checkpoint.network.size, accelerator, config.threshold)
        target = np.clip(answer.depth, 0, 1)
        answer = answer._replace(depth=checkpoint.network.encoding.from_target(target))
        _write(config, question, answer, checkpoint.network.encoding)
        count += 1
        if len(shown) < PANEL_ROWS:
            shown.append((question, answer))
    if not count:
        raise UsageError("There is nothing to predict: no usable picture or sample was found.")
    write_png(sheet, panel(shown, checkpoint.network.encoding), overwrite=config.overwrite)
    return f"{count} predictions in {config.out}; {len(shown)} of them are shown in {sheet}"


@torch.inference_mode()
def ask(
    model: Student, question: Question, size: Size, accelerator: Accelerator, threshold: float
) -> Answer:
    """Run the student with a shorter side like that of ``size``; answers in the question's size.

    ``Answer.depth`` is the target estimate, in [0, 1] where it is sensible.
    """
    whole = Size.of(question.fg_bg)
    factor = size.shorter / whole.shorter / model.multiple
    inner = Size(*(max(model.multiple, round(side * factor) * model.multiple) for side in whole))
    tensors = [
        torch.from_numpy(resize(picture, inner).transpose(2, 0, 1).copy())[None].float() / 255
        for picture in (question.bg, question.fg_bg)
    ]
    mask_logits, depth = model(*(tensor.to(accelerator.device) for tensor in tensors))
    probability, estimate = (
        cv2.resize(part[0, 0].float().cpu().numpy(), whole)
        for part in (torch.sigmoid(mask_logits), depth)
    )
    return Answer(np.greater(probability, threshold), estimate.astype(np.float32, copy=False))


def _write(
    config: PredictConfig, question: Question, answer: Answer, encoding: DepthEncoding
) -> None:
    files = {
        "mask": encode_mask(answer.mask),
        "depth": encode_depth(encoding.to_stored(answer.depth)),
    }
    for kind, content in files.items():
        path = inside(config.out, f"{question.key}.{kind}.png")
        if path.exists() and not config.overwrite:
            raise UsageError(f"{path} exists; choose another --out, or give --overwrite.")
        make_folder(path.parent)
        with publishing(path) as temporary:
            temporary.write_bytes(content)
    path = inside(config.out, f"{question.key}.panel.png")
    write_png(path, panel([(question, answer)], encoding), overwrite=config.overwrite)


def _questions(config: PredictConfig) -> Iterator[Question]:
    if config.shards:
        dataset = Dataset(config.shards, split=config.split)
        for row in spread(len(dataset), config.limit):
            sample = dataset[int(row)]
            truth = None if sample.depth is None else Answer(sample.mask, sample.depth)
            yield Question(sample.record.key, sample.bg, sample.fg_bg, truth)
        return
    assert config.fg_bg is not None and config.bg is not None
    if config.fg_bg.resolve() in (config.out.resolve(), *config.out.resolve().parents):
        raise UsageError(f"--out {config.out} lies in --fg-bg {config.fg_bg}; choose another.")
    pairs = pair_pictures(config.bg, config.fg_bg)
    for row in spread(len(pairs), config.limit):
        key, bg, fg_bg = pairs[row]
        try:
            yield read_pair(key, bg, fg_bg)
        except SourceError as error:
            remark(f"Left out: {error}", quiet=config.quiet)
