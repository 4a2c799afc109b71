"""A run's folder: its options, checkpoints and logs, begun anew or gone on with."""

from collections.abc import Iterator
from pathlib import Path

from data_manifest.commands.options import build, shown
from data_manifest.errors import UsageError
from data_manifest.files.claim import Owner, claim
from train.config.fit import FitConfig
from train.running.checkpoint import BEST, LAST, OPTIONS, PRUNED

FREE_TO_CHANGE = {
    "resume",
    "overwrite",
    "device",
    "workers",
    "save_every",
    "quiet",
    "debug",
    "out",
    "shards",
}
_FILES = (
    LAST,
    BEST,
    PRUNED,
    "curves.png",
    "metrics.jsonl",
    "evaluation.json",
    "evaluation.parquet",
    "worst.png",
    "finding-lr.png",
    "comparison.json",
    "model.xml",
    "model.bin",
)


def settle(config: FitConfig, batch_size: int) -> FitConfig:
    """The options that hold; writes nothing.

    A run that is gone on with keeps its options but for where it works; ``batch_size`` is that of
    one that begins and was given none. Raises UsageError where there is no run to ``resume``.
    """
    folder = config.folder
    if config.overwrite or not (folder / OPTIONS).is_file():
        if config.resume:
            raise UsageError(
                f"There is nothing to resume in {folder}; leave out --resume to begin."
            )
        chosen = {"batch_size": config.batch_size or batch_size}
        planned = config.size.epochs if config.size else None
        return config.model_copy(update=chosen | ({"epochs": planned} if planned else {}))
    free = {name: getattr(config, name) for name in FREE_TO_CHANGE & config.model_fields_set}
    return read_options(folder).model_copy(update={**free, "out": folder})


def claim_run(config: FitConfig, options: FitConfig) -> bool:
    """Make the run's folder ours, under its lock; gives whether a run there is gone on with.

    ``config`` is what was asked for, ``options`` what holds. Raises RecipeError where the folder
    holds another run, or anything else.
    """
    folder = config.folder
    owner = Owner(OPTIONS, "a run", lambda: _difference(config), lambda: _files(folder))
    goes_on = claim(folder, owner, overwrite=config.overwrite)
    if not goes_on:
        options.save(folder / OPTIONS)
    return goes_on


def read_options(folder: Path) -> FitConfig:
    """The options of a run. Raises UsageError where there is none."""
    if not (folder / OPTIONS).is_file():
        raise UsageError(f"{folder} is not a run of `train fit`: it has no {OPTIONS}.")
    options = build(FitConfig, {}, [folder / OPTIONS])
    if not {"model", "epochs"} <= options.model_fields_set:
        raise UsageError(f"{folder / OPTIONS} wasn't written by `train fit`; choose another --out.")
    return options


def checkpoint_file(path: Path) -> Path:
    """The checkpoint that a user means by a file or a run's folder."""
    return path / BEST if path.is_dir() else path


def _difference(config: FitConfig) -> str:
    """In words, what was asked for and isn't so; with ``resume`` only what was really given."""
    saved = read_options(config.folder)
    asked = config.model_fields_set if config.resume else set(FitConfig.model_fields)
    for name in FitConfig.model_fields:
        new, old = getattr(config, name), getattr(saved, name)
        left_open = name == "batch_size" and new is None
        left_open |= name == "epochs" and config.size is not None and bool(config.size.epochs)
        if name in asked - FREE_TO_CHANGE and new != old and not left_open:
            hint = "" if config.resume else " (--resume alone goes on with it as it was)"
            return f"--{name.replace('_', '-')} was {shown(old)}, is {shown(new)}{hint}"
    return ""


def _files(folder: Path) -> Iterator[Path]:
    """What belongs to a run but for its options. Raises UsageError where it is none."""
    read_options(folder)
    yield from (folder / name for name in _FILES)
    yield from (folder / "tensorboard").glob("events.out.tfevents.*")
    yield from folder.glob("model*.onnx")
