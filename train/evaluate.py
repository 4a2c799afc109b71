"""``train evaluate``: a student beside its teacher, and beside what needs no look at a picture."""

from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor

from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import DatasetError, UsageError, WeightsError
from data_manifest.picks import spread
from data_manifest.pictures.sheet import write_png
from train.answering.predictor import Predictor
from train.config.trained import EvaluateConfig
from train.data.batch import Batch, ReadBatch
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.judging.baselines import baseline_maps
from train.judging.evaluation import Evaluation, write_samples
from train.judging.groups import groups
from train.judging.measure import Judged, Predict, Said, constant, judge
from train.judging.table import as_text
from train.judging.teacher import ask_teacher, labelled_by_fastdepth, load_teacher
from train.judging.worst import Place, worst, worst_sheet
from train.running.device import readers
from train.running.run_folder import read_options

VALIDATION_SPLITS = ("val", "val_bg", "val_fg")
Read = Callable[[Dataset, str], Iterator[ReadBatch]]
"""The samples of a part of the dataset, with progress under a title."""


def evaluate(config: EvaluateConfig) -> str:
    """Judge a run's student on every validation split; gives the tables.

    Writes evaluation.json, evaluation.parquet, a row a sample, and worst.png into the run's folder.
    Raises UsageError where there is no such run or the depths can't be compared, DatasetError where
    there is nothing to validate on.
    """
    predictor = Predictor.load(config.run, checkpoint=config.checkpoint, device=config.device)
    dataset = Dataset(config.shards or read_options(config.run).shards)
    _check(config, predictor, dataset)
    notes: list[str] = []

    def note(sentence: str) -> None:
        remark(sentence, quiet=config.quiet)
        notes.append(sentence)

    read = _reader(config, predictor, dataset)
    others = _others(predictor, dataset, read, note)
    judged: dict[str, Judged] = {}
    places: list[Place] = []
    for split in VALIDATION_SPLITS:
        part = dataset.select(split)
        if not len(part):
            note(f"{split} has no samples and is left out.")
            continue
        judged[split] = _judge(config, predictor, part, read, others)
        places += [Place(part, int(row)) for row in spread(len(part), config.limit)]
    samples = [sample for one in judged.values() for sample in one.samples]
    network = predictor.network
    found = Evaluation(
        student=f"{config.run / config.checkpoint}.pt, {network.name} at {network.size} pixels",
        origin=network.origin,
        size=network.size,
        unit=network.encoding.unit,
        splits={split: one.table for split, one in judged.items()},
        groups=groups(samples),
        legacy={split: one.legacy for split, one in judged.items() if one.legacy},
        notes=notes,
    )
    found.write(config.run / "evaluation.json")
    write_samples(config.run / "evaluation.parquet", samples)
    chosen = worst(samples, config.worst)
    if chosen:
        sheet = worst_sheet(predictor, samples, places, chosen)
        write_png(config.run / "worst.png", sheet, overwrite=True)
    return f"{as_text(found)}\n\n{_where(config, shown=bool(chosen))}"


def _where(config: EvaluateConfig, *, shown: bool) -> str:
    files = "all of it in evaluation.json, sample by sample in evaluation.parquet"
    return f"{config.run}: {files}" + (", the worst to look at in worst.png" if shown else "")


def _check(config: EvaluateConfig, predictor: Predictor, dataset: Dataset) -> None:
    if not any(len(dataset.select(split)) for split in VALIDATION_SPLITS):
        raise DatasetError(f"{dataset.folder} has no validation samples; its --hold-out is 0.")
    mine, labels = predictor.encoding, dataset.depth_encoding
    if not predictor.answers_as(labels):
        raise UsageError(
            f"{config.run} answers depth that is {_meaning(mine)}, and the labels of "
            f"{dataset.folder} are {_meaning(labels)}; they can't be compared."
        )


def _meaning(encoding: DepthEncoding) -> str:
    return f"{encoding.kind}, unit {encoding.unit}, near {encoding.near_is}"


def _others(
    predictor: Predictor, dataset: Dataset, read: Read, note: Callable[[str], None]
) -> dict[str, Predict]:
    """The predictors beside the student, by name."""
    found = {}
    train, stage = dataset.select("train"), dataset.header.stages.depth
    if len(train):
        maps = baseline_maps(read(train, "Averaging train"))
        found = {name: constant(its) for name, its in maps.items()}
    else:
        note("train has no samples, so there are no baselines.")
    if stage is not None and labelled_by_fastdepth(stage):
        try:
            teacher = load_teacher().to(predictor.device)
        except WeightsError as error:
            note(f"The teacher is left out: {error}.")
        else:
            found["teacher"] = lambda batch: Said(
                None, ask_teacher(teacher, batch.fg_bg, stage.encoding)
            )
    return found


def _judge(
    config: EvaluateConfig,
    predictor: Predictor,
    part: Dataset,
    read: Read,
    others: dict[str, Predict],
) -> Judged:
    mine, labels = predictor.encoding, part.depth_encoding

    def student(batch: Batch) -> tuple[Tensor, Tensor]:
        mask_logits, depth = predictor.infer(batch.bg, batch.fg_bg)
        if mine != labels:
            depth = labels.to_target(mine.from_target(depth.clamp(0, 1)))
        return mask_logits, depth

    records = part.records(spread(len(part), config.limit))
    true = (batch.as_float() for batch in read(part, f"Evaluating {records[0].split}"))
    return judge(student, others, true, records, labels, legacy=config.legacy)


def _reader(config: EvaluateConfig, predictor: Predictor, dataset: Dataset) -> Read:
    """Reads parts of the dataset, at most ``--limit`` samples of each, by the same processes."""
    device = predictor.device
    loader = Loader(Samples(dataset), readers(None, device), device)

    def read(part: Dataset, what: str) -> Iterator[ReadBatch]:
        rows = np.flatnonzero(np.isin(dataset.rows, part.rows))
        rows = rows[spread(len(rows), config.limit)]
        draws = as_stored(rows, config.batch_size, predictor.network.size)
        with progress(what, len(rows), "samples", quiet=config.quiet) as advance:
            for batch in loader.batches(draws):
                yield batch
                advance(len(batch.mask))

    return read
