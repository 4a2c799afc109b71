"""The list of a folder shard: a row a sample, with the files of its streams and their SHA-256."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, BeforeValidator, ConfigDict

from data_manifest.errors import DatasetError
from data_manifest.files.names import inside
from data_manifest.record import MASK_FROM, STREAMS, Size
from data_manifest.shards.label import ShardLabel

FOLDERS = (*STREAMS, "depth")
"""Where the files lie that we write."""
_METADATA = b"diorama"
Listed = Mapping[str, tuple[str, str]]
"""The file and its SHA-256 of each stream of one sample."""


class FolderLabel(BaseModel):
    """What a list says of itself: the label of any shard, and how its files are to be read.

    Pictures of another size are squashed to ``size``; a mask is where its grey value is at least
    ``mask_threshold``.
    """

    model_config = ConfigDict(frozen=True)

    shard: ShardLabel
    size: Annotated[Size, BeforeValidator(Size.parse)]
    mask_threshold: int = MASK_FROM


def write_list(path: Path, label: FolderLabel, rows: Iterable[tuple[int, Listed]]) -> None:
    """Write the list of one shard: the sample's number in the plan and its files, row by row."""
    numbers, listed = zip(*rows, strict=True)
    columns: dict[str, Any] = {"index": pa.array(numbers, pa.int64())}
    for stream in listed[0]:
        columns[stream] = pa.array([row[stream][0] for row in listed], pa.string())
        columns[f"{stream}_sha256"] = pa.array([row[stream][1] for row in listed], pa.string())
    table = pa.table(columns).replace_schema_metadata({_METADATA: label.model_dump_json()})
    pq.write_table(table, path)


def read_list(path: Path) -> tuple[FolderLabel, list[dict[str, Any]]]:
    """The label and rows of a list. Raises DatasetError where it can't be read."""
    try:
        table = pq.read_table(path)
        label = FolderLabel.model_validate_json((table.schema.metadata or {})[_METADATA])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise DatasetError(f"{path} is not a whole list of pictures ({error}).") from error
    return label, table.to_pylist()


def listed_files(path: Path) -> list[Path]:
    """The files that a list tells of, wherever they lie. Raises DatasetError."""
    return [path.parent / name for name in _names(path)]


def own_files(path: Path) -> list[Path]:
    """Those of a list's files that we wrote: in a stream's folder beside the list.

    Raises DatasetError where one is said to be there, but a link leads elsewhere.
    """
    ours = (name for name in _names(path) if name.split("/")[0] in FOLDERS)
    return [inside(path.parent, name) for name in ours]


def _names(path: Path) -> list[str]:
    _, rows = read_list(path)
    return sorted({row[name] for row in rows for name in row if f"{name}_sha256" in row} - {None})
