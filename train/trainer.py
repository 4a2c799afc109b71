"""One epoch: a flat loop of plain steps, then validation."""

from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.commands.progress import Advance, progress
from data_manifest.dataset import Dataset
from data_manifest.header import DepthEncoding
from data_manifest.record import Size
from train.augment import augment
from train.config import FitConfig
from train.data import Batch, Samples, ShuffledByEpoch, make_loader
from train.device import make_accelerator
from train.losses import mdeas_loss
from train.metrics import Meter
from train.models import make_model
from train.models.student import Student
from train.outlook import Outlook

GPU_READERS = 8
ADAM_BETAS = (0.5, 0.999)  # MDEAS's
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


def build_trainer(
    options: FitConfig, dataset: Dataset, size: Size, deciding: str | None
) -> Trainer:
    """Model, Adam, one-cycle schedule and loaders, on the wanted device."""
    accelerator = make_accelerator(options.device)
    readers = GPU_READERS if accelerator.device.type == "cuda" else 0
    readers = readers if options.workers is None else options.workers
    samples = Samples(training_samples(options, dataset), size, options.limit)
    order = ShuffledByEpoch(len(samples), options.seed)
    train_loader = make_loader(samples, options.samples_per_step, readers, order)
    val_loader = None
    if deciding:
        unseen = Samples(dataset.select(deciding), size, options.limit)
        val_loader = accelerator.prepare(make_loader(unseen, options.samples_per_step, readers))
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


def training_samples(options: FitConfig, dataset: Dataset) -> Dataset:
    """What is trained on: the training split, or what of it fulfils ``--where``."""
    found = dataset.select("train")
    return found if options.where is None else found.where(options.where)


def run_epoch(
    trainer: Trainer, epoch: int, options: FitConfig, encoding: DepthEncoding, outlook: Outlook
) -> Numbers:
    """Train one epoch and validate; gives its numbers by TensorBoard tag."""
    trainer.order.epoch = epoch
    torch.manual_seed(options.seed * 1_000_003 + epoch)
    what = f"Epoch {epoch + 1} of {options.epochs}"
    with progress(what, len(trainer.train_loader), "steps", quiet=options.quiet) as advance:

        def stepped(count: int) -> None:
            advance(count)
            outlook.step()

        numbers = train_epoch(trainer, stepped, augmented=options.augment == "full")
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
