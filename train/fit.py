"""``train fit``: a flat loop over epochs; every epoch ends in a checkpoint."""

import time
from typing import Any, NamedTuple

import click
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.header import DepthEncoding
from data_manifest.memory import keep_freed_memory
from data_manifest.progress import Advance, progress
from train.augment import augment
from train.checkpoint import BEST, LAST, Checkpoint
from train.config import MULTIPLE, FitConfig
from train.data import Batch, Samples, ShuffledByEpoch, make_loader
from train.device import make_accelerator
from train.log import draw_curves
from train.losses import mdeas_loss
from train.metrics import Meter
from train.models import make_model
from train.models.student import Student
from train.run_folder import begin, settle

GPU_READERS = 8
ADAM_BETAS = (0.5, 0.999)  # MDEAS's
DECIDING_SPLITS = ("val", "val_fg", "val_bg")  # the first that has samples decides what is best
Numbers = dict[str, float]


class Trainer(NamedTuple):
    """The parts that the loop works with; without validation samples ``val_loader`` is None."""

    accelerator: Accelerator
    model: Student
    optimizer: Any
    scheduler: OneCycleLR
    order: ShuffledByEpoch
    train_loader: DataLoader[Batch]
    val_loader: DataLoader[Batch] | None


def fit(config: FitConfig) -> str:
    """Train a student; gives a summary.

    Leaves config.yaml, last.pt, best.pt (lowest validation loss), curves.png and TensorBoard logs
    in the run's folder. Raises UsageError where the folder holds another run, DatasetError where
    the shards aren't whole, have no depth or nothing to train on.
    """
    options = settle(config)
    dataset = Dataset(options.shards)
    _check(options, dataset)
    if not options.resume:
        begin(options)
    size = options.size or dataset.header.size
    deciding = next((split for split in DECIDING_SPLITS if len(dataset.select(split))), None)
    trainer = build_trainer(options, dataset, size, deciding)
    history: list[Numbers] = _restore(trainer, options, dataset) if options.resume else []
    start = time.monotonic()
    with SummaryWriter(str(options.folder / "tensorboard"), purge_step=len(history) + 1) as writer:
        for epoch in range(len(history), options.epochs):
            history.append(run_epoch(trainer, epoch, options, dataset.depth_encoding))
            for name, value in history[-1].items():
                writer.add_scalar(name, value, epoch + 1)
            _save(trainer, history, options, dataset)
            draw_curves(history, options.folder / "curves.png")
            if not options.quiet:
                click.echo(_line(epoch, options.epochs, history[-1]))
    return _summary(options, history, deciding, time.monotonic() - start)


def _check(options: FitConfig, dataset: Dataset) -> None:
    """Raises where the dataset can't be trained on, before anything is written."""
    _ = dataset.depth_encoding
    if not len(dataset.select("train")):
        raise DatasetError(f"{dataset.folder}: these shards hold no sample of the split train.")
    if (options.size or dataset.header.size) % MULTIPLE:
        raise UsageError(
            f"The dataset's pictures are {dataset.header.size} px wide, which is no multiple of "
            f"{MULTIPLE}; give --size, for instance {dataset.header.size // MULTIPLE * MULTIPLE}."
        )


def build_trainer(options: FitConfig, dataset: Dataset, size: int, deciding: str | None) -> Trainer:
    """Model, Adam, one-cycle schedule and loaders, on the wanted device."""
    accelerator = make_accelerator(options.device)
    readers = GPU_READERS if accelerator.device.type == "cuda" else 0
    readers = readers if options.workers is None else options.workers
    samples = Samples(dataset.select("train"), size, options.limit)
    order = ShuffledByEpoch(len(samples), options.seed)
    train_loader = make_loader(samples, options.batch_size, readers, order)
    val_loader = None
    if deciding:
        unseen = Samples(dataset.select(deciding), size, options.limit)
        val_loader = accelerator.prepare(make_loader(unseen, options.batch_size, readers))
    torch.manual_seed(options.seed)
    keep_freed_memory()
    model = make_model(options.model).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr, betas=ADAM_BETAS)
    scheduler = OneCycleLR(
        optimizer,
        options.lr,
        total_steps=options.epochs * len(train_loader),
        cycle_momentum=False,
    )
    model, optimizer, train_loader = accelerator.prepare(model, optimizer, train_loader)
    return Trainer(accelerator, model, optimizer, scheduler, order, train_loader, val_loader)


def run_epoch(trainer: Trainer, epoch: int, options: FitConfig, encoding: DepthEncoding) -> Numbers:
    """Train one epoch and validate; gives its numbers by TensorBoard tag."""
    trainer.order.epoch = epoch
    torch.manual_seed(options.seed * 1_000_003 + epoch)
    what = f"Epoch {epoch + 1} of {options.epochs}"
    with progress(what, len(trainer.train_loader), "steps", quiet=options.quiet) as advance:
        numbers = train_epoch(trainer, advance, augmented=options.augment == "full")
    if trainer.val_loader is not None:
        numbers |= validate(trainer, encoding)
    return numbers


def train_epoch(trainer: Trainer, advance: Advance, *, augmented: bool) -> Numbers:
    """One pass over the training split; gives the loss's mean parts and the last step's rate."""
    trainer.model.train()
    sums, lr = _Sums("train"), 0.0
    for batch in trainer.train_loader:
        lr = float(trainer.scheduler.get_last_lr()[0])
        losses = train_step(trainer, augment(batch.as_float()) if augmented else batch.as_float())
        sums.add(losses, len(batch.mask))
        advance(1)
    return sums.means() | {"lr": lr}


def train_step(trainer: Trainer, true: Batch) -> dict[str, Tensor]:
    """One optimiser step; gives the parts of the loss before it."""
    with trainer.accelerator.autocast():
        mask_logits, depth = trainer.model(true.bg, true.fg_bg)
    losses = mdeas_loss(mask_logits.float(), depth.float(), true)
    trainer.optimizer.zero_grad()
    trainer.accelerator.backward(losses["loss"])
    trainer.optimizer.step()
    trainer.scheduler.step()
    return losses


@torch.inference_mode()
def validate(trainer: Trainer, encoding: DepthEncoding) -> Numbers:
    """Loss and metrics on the deciding split, under the tags ``val/...``."""
    trainer.model.eval()
    sums, meter = _Sums("val"), Meter(encoding)
    assert trainer.val_loader is not None
    for batch in trainer.val_loader:
        true = batch.as_float()
        with trainer.accelerator.autocast():
            mask_logits, depth = trainer.model(true.bg, true.fg_bg)
        mask_logits, depth = mask_logits.float(), depth.float()
        sums.add(mdeas_loss(mask_logits, depth, true), len(batch.mask))
        meter.add(mask_logits > 0, depth, true)
    return sums.means() | {f"val/{name}": value for name, value in meter.result().items()}


class _Sums:
    """Means of losses over samples; losses stay on their device until the end."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._count = prefix, 0
        self._sums: dict[str, Tensor] = {}

    def add(self, losses: dict[str, Tensor], samples: int) -> None:
        self._count += samples
        for name, loss in losses.items():
            part = loss.detach().double() * samples
            self._sums[name] = self._sums[name] + part if name in self._sums else part

    def means(self) -> Numbers:
        return {f"{self._prefix}/{n}": float(s) / self._count for n, s in self._sums.items()}


def _score(numbers: Numbers) -> float:
    return numbers.get("val/loss", numbers["train/loss"])


def _save(trainer: Trainer, history: list[Numbers], options: FitConfig, dataset: Dataset) -> None:
    checkpoint = Checkpoint(
        epoch=len(history),
        model_name=options.model,
        size=options.size or dataset.header.size,
        encoding=dataset.depth_encoding,
        fingerprint=dataset.header.fingerprint,
        model=trainer.accelerator.unwrap_model(trainer.model).state_dict(),
        optimizer=trainer.optimizer.state_dict(),
        scheduler=trainer.scheduler.state_dict(),
        history=history,
    )
    if _score(history[-1]) == min(map(_score, history)):
        checkpoint.write(options.folder / BEST)
    checkpoint.write(options.folder / LAST)


def _restore(trainer: Trainer, options: FitConfig, dataset: Dataset) -> list[Numbers]:
    """Put the trainer where the run was; gives its history."""
    checkpoint = Checkpoint.read(options.folder / LAST)
    if checkpoint.fingerprint != dataset.header.fingerprint:
        raise UsageError(
            f"{options.folder} was trained on another dataset than {dataset.folder}; "
            "give --shards with the one that it began with, or begin another run."
        )
    trainer.accelerator.unwrap_model(trainer.model).load_state_dict(checkpoint.model)
    trainer.optimizer.load_state_dict(checkpoint.optimizer)
    trainer.scheduler.load_state_dict(checkpoint.scheduler)
    return checkpoint.history


def _line(epoch: int, epochs: int, numbers: Numbers) -> str:
    line = f"epoch {epoch + 1} of {epochs}: loss {numbers['train/loss']:.4f}"
    if "val/loss" in numbers:
        line += (
            f", val loss {numbers['val/loss']:.4f}, mask IoU {numbers['val/mask_iou']:.4f}, "
            f"depth RMSE {numbers['val/depth_rmse']:.4f}"
        )
    return line


def _summary(
    options: FitConfig, history: list[Numbers], deciding: str | None, seconds: float
) -> str:
    best = min(range(len(history)), key=lambda epoch: _score(history[epoch])) + 1
    by = (
        f"the lowest loss on {deciding}"
        if deciding
        else "the lowest training loss: no split is held out"
    )
    return (
        f"{options.folder}: {len(history)} epochs, {seconds:.0f} s; epoch {best} has {by}\n"
        f"next: train evaluate --run {options.folder}"
    )
