"""``train evaluate``: the model beside what anyone could answer without looking at the picture."""

import json
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from data_manifest.commands.progress import progress
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.files.publish import publish_text
from data_manifest.header import DepthEncoding
from train.config.trained import EvaluateConfig
from train.data.batch import Batch
from train.data.loader import Loader, as_stored
from train.data.samples import Samples
from train.judging.baselines import Maps, baseline_maps
from train.metrics.figures import NAMES
from train.metrics.meter import Meter
from train.models.student import Student
from train.running.checkpoint import Checkpoint
from train.running.device import make_accelerator
from train.running.run_folder import read_options

VALIDATION_SPLITS = ("val", "val_bg", "val_fg")
Predict = Callable[[Batch], tuple[Tensor, Tensor]]
Metrics = dict[str, float]


def evaluate(config: EvaluateConfig) -> str:
    """Measure a run's model and the baselines on every validation split; gives the table.

    Writes evaluation.json into the run's folder. Raises UsageError where there is no such run.
    """
    checkpoint = Checkpoint.read(config.run / f"{config.checkpoint}.pt")
    dataset = Dataset(config.shards or read_options(config.run).shards)
    splits = {split: dataset.select(split) for split in ("train", *VALIDATION_SPLITS)}
    network = checkpoint.network
    loaders = {}
    for split, part in splits.items():
        if len(part):
            samples = Samples(part, config.limit)
            draws = as_stored(np.arange(len(samples)), config.batch_size, network.size)
            loaders[split] = Loader(samples, 0), draws
    if not loaders.keys() & set(VALIDATION_SPLITS):
        raise DatasetError(f"{dataset.folder} has no validation samples; its --hold-out is 0.")
    accelerator = make_accelerator(config.device)
    model = accelerator.prepare(checkpoint.trained_model())
    predictors: dict[str, Predict] = {"model": lambda batch: answer(model, batch)}
    if "train" in loaders:
        for name, maps in baseline_maps(loaders["train"][0].batches(loaders["train"][1])).items():
            predictors[name] = constant(maps)
    table = {}
    for split in VALIDATION_SPLITS:
        if split in loaders:
            loader, draws = loaders[split]
            with progress(f"Evaluating {split}", len(draws), "batches", quiet=config.quiet) as tick:
                table[split] = measure(
                    predictors, _counted(loader.batches(draws), tick), network.encoding
                )
    publish_text(config.run / "evaluation.json", json.dumps(table, indent=2) + "\n")
    return as_text(table, network.encoding.unit)


def answer(model: Student, batch: Batch) -> tuple[Tensor, Tensor]:
    """The model's mask, (B, 1, H, W) bool, and depth target estimate, (B, 1, H, W) float32."""
    mask_logits, depth = model(batch.bg, batch.fg_bg)
    return mask_logits > 0, depth.float()


def constant(maps: Maps) -> Predict:
    """A predictor that gives the same maps for every sample."""
    mask, depth = maps
    return lambda batch: (
        mask.to(batch.mask.device).expand(batch.mask.shape),
        depth.to(batch.depth.device).expand(batch.depth.shape),
    )


@torch.inference_mode()
def measure(
    predictors: Mapping[str, Predict], batches: Iterable[Batch], encoding: DepthEncoding
) -> dict[str, Metrics]:
    """The metrics of every predictor on the same batches, by the predictor's name."""
    meters = {name: Meter(encoding) for name in predictors}
    for batch in batches:
        true = batch.as_float()
        for name, predict in predictors.items():
            meters[name].add(*predict(true), true)
    return {name: meter.result() for name, meter in meters.items()}


def as_text(table: Mapping[str, Mapping[str, Metrics]], unit: str) -> str:
    """The table as lines; a depth error is in ``unit``."""
    heads = [f"{name} [{unit}]" if name in ("depth_mae", "depth_rmse") else name for name in NAMES]
    lines = [f"{'split':8}{'predictor':12}" + "".join(f"{head:>21}" for head in heads)]
    for split, rows in table.items():
        for predictor, metrics in rows.items():
            numbers = "".join(f"{metrics[name]:>21.4f}" for name in NAMES)
            lines.append(f"{split:8}{predictor:12}{numbers}")
    return "\n".join(lines)


def _counted(batches: Iterable[Batch], tick: Callable[[int], object]) -> Iterable[Batch]:
    for batch in batches:
        yield batch
        tick(1)
