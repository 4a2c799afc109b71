"""Finding a dataset by its folder, by its shards, or by a pattern of them."""

import glob
from collections.abc import Iterable
from pathlib import Path

from data_manifest.errors import DatasetError, UsageError


def locate(source: str | Path | Iterable[str | Path]) -> tuple[Path, list[Path] | None]:
    """The dataset's folder, absolute, and the shards that were named, or None for all.

    Raises UsageError where nothing matches, or what does lies in several folders.
    """
    names = [source] if isinstance(source, str | Path) else list(source)
    if len(names) == 1 and Path(names[0]).is_dir():
        return Path(names[0]).absolute(), None
    shards = [path for name in names for path in _matches(str(name))]
    whole = [path for path in shards if path.is_dir()]
    if whole:
        raise UsageError(f"Give either one dataset's folder or shards, not {whole[0]} and others.")
    folders = sorted({path.parent.resolve() for path in shards})
    if len(folders) != 1:
        raise UsageError(
            f"The shards lie in {len(folders)} folders, expected one dataset: "
            f"{', '.join(map(str, folders)) or 'no shard was named'}."
        )
    return shards[0].parent.absolute(), shards


def shard_number(path: Path, names: dict[str, int]) -> int:
    """The number of a shard by its name. Raises DatasetError where the dataset has none such."""
    try:
        return names[path.name]
    except KeyError:
        raise DatasetError(f"{path} is not a shard of the dataset in {path.parent}.") from None


def _matches(pattern: str) -> list[Path]:
    if not Path(pattern).suffix and not Path(pattern).exists():
        raise UsageError(f"There is no dataset {pattern}; make one with `datagen overlay`.")
    found = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern))  # noqa: PTH207
    if not found:
        raise UsageError(f"There is no shard {pattern}; name a dataset's .h5 or .zip files.")
    return [Path(name) for name in found]
