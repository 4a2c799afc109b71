"""A run's folder: its options, checkpoints and logs, begun anew or gone on with."""

from pathlib import Path

from data_manifest.config import build
from data_manifest.errors import UsageError
from data_manifest.publish import make_folder, writing
from train.checkpoint import BEST, LAST, OPTIONS
from train.config import FitConfig

FILES = (LAST, BEST, OPTIONS, "curves.png", "evaluation.json")
FREE_TO_CHANGE = {"resume", "overwrite", "device", "workers", "quiet", "debug", "out", "shards"}


def settle(config: FitConfig) -> FitConfig:
    """The options that hold; writes nothing.

    A resumed run has its saved options; those given again must agree, but for where it runs.

    Raises UsageError where the folder holds a run and neither ``resume`` nor ``overwrite`` is set,
    where there is nothing to resume, or where options differ.
    """
    folder = config.folder
    if config.resume:
        return _resumed(config)
    found = next((name for name in FILES if (folder / name).exists()), None)
    if found and not config.overwrite:
        raise UsageError(
            f"{folder} holds {found} already; give --resume to go on with a run, --overwrite to "
            "replace it, or another --out."
        )
    return config


def begin(options: FitConfig) -> None:
    """Make the folder of a new run, without anything of an older one, and save its options."""
    make_folder(options.folder)
    _clear(options.folder)
    options.save(options.folder / OPTIONS)


def read_options(folder: Path) -> FitConfig:
    """The options of a run. Raises UsageError where there is none."""
    if not (folder / OPTIONS).is_file():
        raise UsageError(f"{folder} is not a run of `train fit`: it has no {OPTIONS}.")
    return build(FitConfig, {}, [folder / OPTIONS])


def _resumed(config: FitConfig) -> FitConfig:
    folder = config.folder
    if not (folder / LAST).exists():
        raise UsageError(f"There is nothing to resume in {folder}; leave out --resume to begin.")
    saved = read_options(folder)
    given = config.model_dump(include=config.model_fields_set)
    for name, value in given.items():
        if name not in FREE_TO_CHANGE and value != getattr(saved, name):
            raise UsageError(
                f"--{name.replace('_', '-')} was {getattr(saved, name)} in {folder}, is {value}; a "
                "resumed run keeps its options, so leave it out or begin another run."
            )
    free = {name: value for name, value in given.items() if name in FREE_TO_CHANGE}
    return saved.model_copy(update={**free, "out": folder})


def _clear(folder: Path) -> None:
    """Delete the files of an older run, and nothing else that may lie there."""
    with writing(folder):
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        for events in (folder / "tensorboard").glob("events.out.tfevents.*"):
            events.unlink()
