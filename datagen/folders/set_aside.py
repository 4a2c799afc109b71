"""Files set aside beside their folder, never deleted."""

from collections.abc import Sequence
from pathlib import Path

from data_manifest.errors import UsageError
from data_manifest.files.publish import make_folder, writing


def beside(folder: Path, ending: str) -> Path:
    """The path next to a folder that has its name and ``ending``."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}{ending}")


def move(folder: Path, target: Path, names: Sequence[str]) -> None:
    """Move files to the same relative places under ``target``, replacing nothing."""
    taken = [name for name in names if (target / name).exists()]
    if taken:
        raise UsageError(f"{target / taken[0]} exists already; move it away first.")
    for name in names:
        make_folder((target / name).parent)
        with writing(target / name):
            (folder / name).rename(target / name)
