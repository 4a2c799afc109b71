"""The parts that a run works with, and one step of it."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthStage
from train.config.fit import FitConfig
from train.data.batch import ReadBatch
from train.data.loader import Loader
from train.data.order import in_parts
from train.data.samples import Samples
from train.losses.expression import parse
from train.losses.total import Losses
from train.models.layout import Layout
from train.models.make import make_model
from train.models.pretrained import Origin, pretrain
from train.models.student import Student
from train.running.averaging import MovingAverage
from train.running.checkpoint import Network
from train.running.device import make_accelerator, readers
from train.running.itinerary import Itinerary
from train.running.trainable import training_samples
from train.schedules import SHARE, Schedule

PRETRAINED_LR = 0.3
"""Share of the learning rate for pretrained weights that have something to learn."""


class Trainer(NamedTuple):
    """The parts that the loop works with; without validation samples ``val_loader`` is None.

    ``model`` is what is trained, perhaps wrapped for several processes, ``learnt`` its parameters
    that aren't frozen, part by part, and ``averaged`` its moving average. ``schedule`` is the one
    of the part of the chain that is trained.
    """

    accelerator: Accelerator
    network: Network
    model: Student
    learnt: list[list[Tensor]]
    losses: Losses
    averaged: MovingAverage | None
    optimizer: Any
    schedule: Schedule
    train_loader: Loader
    val_loader: Loader | None
    samples: Samples
    unseen: Samples | None

    @property
    def bare_model(self) -> Student:
        """The model without what wraps it."""
        bare: Student = self.accelerator.unwrap_model(self.model, keep_torch_compile=False)
        return bare

    @property
    def used_model(self) -> nn.Module:
        """The model that is validated and saved as the best: the average where there is one."""
        return self.bare_model if self.averaged is None else self.averaged.module


def build_trainer(options: FitConfig, dataset: Dataset, deciding: str | None) -> Trainer:
    """Model, optimiser, schedule and loaders, on the wanted device, at the start of a run.

    Raises UsageError where device, precision or student can't be had, WeightsError where the
    weights to begin with can't.
    """
    accelerator = make_accelerator(options.device, options.precision)
    device = accelerator.device
    workers = readers(options.workers, device)
    samples = Samples(training_samples(options, dataset), options.limit, options.augment)
    unseen = Samples(dataset.select(deciding), options.limit) if deciding else None
    torch.manual_seed(options.seed)
    keep_freed_memory(in_large_pages=True)
    layout = layout_of(dataset)
    model = make_model(options.model, layout).to(memory_format=torch.channels_last)
    origin = pretrain(model, options.weights)
    model = model.to(device)
    losses = Losses(
        parse(options.mask_loss, "mask"),
        parse(options.depth_loss, "depth"),
        learned=options.task_weights == "learned",
    ).to(device)
    groups = _groups(model, losses, _pretrained_share(options, origin, dataset))
    optimizer = _optimizer(groups, options, device)
    network = Network(
        options.model, layout, options.sizes(dataset.header.size)[-1][0],
        dataset.depth_encoding, origin.sentence,
    )  # fmt: skip
    averaged = MovingAverage(model, options.ema) if options.ema else None
    if accelerator.num_processes > 1 and device.type == "cuda":
        # On a CPU torch has none: batch norms there see their own process's share alone.
        model = synchronised(model)
    itinerary = Itinerary.of(options, dataset.header.size, len(samples))
    schedule = Schedule(optimizer, itinerary.pace(0, options))
    learnt = _learnt_by_part(model)
    model, optimizer = accelerator.prepare(model, optimizer)
    if options.compile:
        model = torch.compile(model)  # type: ignore[assignment]
    return Trainer(
        accelerator, network, model, learnt, losses, averaged, optimizer, schedule,
        Loader(samples, workers, device), Loader(unseen, workers, device) if unseen else None,
        samples, unseen,
    )  # fmt: skip


def synchronised(model: Student) -> Student:
    """The same with batch norms that see all processes' samples.

    timm's own conversion: some of its norms hold an activation, which torch's would drop.
    """
    import timm.layers

    layers: Any = timm.layers
    converted: Student = layers.convert_sync_batchnorm(model)
    return converted


def layout_of(dataset: Dataset) -> Layout:
    """What the depth labels of a dataset mean to a network."""
    encoding, stage = dataset.depth_encoding, dataset.header.stages.depth
    layered = stage is not None and stage.labels.kind != "composite"
    if encoding.unit != "metres":
        return Layout(layered)
    scale = encoding.target_scale
    return Layout(layered, scale, -encoding.target_offset * scale)


def _pretrained_share(options: FitConfig, origin: Origin, dataset: Dataset) -> float:
    """What pretrained weights learn: nothing where they are those that made the labels."""
    if options.pretrained_lr is not None:
        return options.pretrained_lr
    stage: DepthStage | None = dataset.header.stages.depth
    own = stage is not None and bool(origin.sha256) and stage.weights_sha256 == origin.sha256
    return 0.0 if own else PRETRAINED_LR if origin.sha256 else 1.0


def _groups(model: Student, losses: Losses, share: float) -> list[dict[str, Any]]:
    """Parameters with their learning rates; what isn't to be learnt is frozen."""
    given = set(model.pretrained_parameters())
    for parameter in given:
        parameter.requires_grad_(share > 0)
    rest = [part for part in model.parameters() if part not in given] + list(losses.parameters())
    groups: list[dict[str, Any]] = [{"params": rest, SHARE: 1.0}]
    if given and share > 0:
        mine = [part for part in model.parameters() if part in given]
        groups.append({"params": mine, SHARE: share})
    return groups


def _optimizer(
    groups: list[dict[str, Any]], options: FitConfig, device: torch.device
) -> torch.optim.Optimizer:
    lr, momentum, betas = options.lr, options.momentum, (options.momentum, 0.999)
    # Fused: one call for all parameters, of which students have hundreds of small ones.
    how: dict[str, Any] = {
        "weight_decay": options.weight_decay,
        "fused": device.type in ("cpu", "cuda"),
    }
    match options.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr, momentum, **how)
        case "adam":
            return torch.optim.Adam(groups, lr, betas, **how)
        case "adamw":
            return torch.optim.AdamW(groups, lr, betas, **how)


def _learnt_by_part(model: nn.Module) -> list[list[Tensor]]:
    """Parameters that aren't frozen, those of each of the network's outermost parts together."""
    parts: dict[str, list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parts.setdefault(name.partition(".")[0], []).append(parameter)
    return list(parts.values())


def train_step(
    trainer: Trainer, batch: ReadBatch, whole: int, options: FitConfig
) -> dict[str, Tensor]:
    """One step of the optimiser on this process's share of a batch of ``whole`` samples.

    Gives the losses before it, means over the share. Every sample weighs the same, however the
    batch is divided among processes and passes. Gradients of each part of the network are clipped
    by themselves, so that one task's don't decide how far the other's go.
    """
    accelerator, count = trainer.accelerator, len(batch.mask)
    true = batch.as_float()
    trainer.optimizer.zero_grad()
    totals: dict[str, Tensor] = {}
    for start, end in in_parts(count, min(options.accumulate, count)):
        part = true.part(slice(start, end))
        weight = (end - start) * accelerator.num_processes / whole
        with _synchronised(trainer, last=end == count), accelerator.autocast():
            mask_logits, depth = trainer.model(part.bg, part.fg_bg)
            losses = trainer.losses(mask_logits, depth, part)
            accelerator.backward(losses["loss"] * weight)
        for name, value in losses.items():
            share = value.detach() * ((end - start) / count)
            totals[name] = totals[name] + share if name in totals else share
    for variance in trainer.losses.parameters():
        variance.grad = accelerator.reduce(variance.grad, "mean")
    if options.clip:
        accelerator.unscale_gradients()
        for parameters in trainer.learnt:
            clip_grad_norm_(parameters, options.clip)
    trainer.optimizer.step()
    if not accelerator.optimizer_step_was_skipped:  # fp16's scale was too large
        trainer.schedule.after_step()
    if trainer.averaged is not None:
        trainer.averaged.follow()
    return totals


def _synchronised(trainer: Trainer, *, last: bool) -> AbstractContextManager[Any]:
    """Gradients are exchanged between processes in a step's last pass alone."""
    return nullcontext() if last else trainer.accelerator.no_sync(trainer.model)
