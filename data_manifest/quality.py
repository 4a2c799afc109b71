"""quality.parquet: numbers that say how far each sample's depth label can be trusted.

A row a sample, in the plan's order. While a dataset is labelled there is a part a shard, in a
hidden folder; whoever ends well makes one file of them.
"""

import shutil
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from data_manifest.depth_stage import DepthStage
from data_manifest.errors import DatasetError
from data_manifest.files.publish import make_folder, publishing

QUALITY_FILE = "quality.parquet"
PARTS = ".quality"
COLUMNS = ("low", "high", "saturated", "shift", "flip", "pop", "disagreement")
"""What is measured of a sample, float32 each, NaN where it isn't; see docs/depth.md."""
_STAGE = b"diorama"
Column = npt.NDArray[np.float32]
Measures = dict[str, Column]


def write_part(
    folder: Path,
    shard: str,
    stage: DepthStage,
    index: npt.NDArray[np.int64],
    rows: Sequence[Sequence[float]],
) -> None:
    """Publish the measures of one shard's samples, a row of COLUMNS each.

    ``index`` (n,) are their numbers in the plan.
    """
    columns = np.asarray(rows, np.float32).reshape(len(rows), len(COLUMNS)).T
    make_folder(folder / PARTS)
    path = folder / PARTS / f"{shard}.parquet"
    _write(path, stage, index, dict(zip(COLUMNS, columns, strict=True)))


def keep_parts(folder: Path, shards: Container[str]) -> None:
    """Delete the parts of all but some shards: what was measured before they were drawn anew."""
    for path in (folder / PARTS).glob("*.parquet"):
        if path.stem not in shards:
            path.unlink()


def merge_parts(folder: Path, samples: int, stage: DepthStage) -> None:
    """Make one file of ``samples`` rows out of all parts, and what there was of the same stage."""
    whole = {name: np.full(samples, np.nan, np.float32) for name in COLUMNS}
    parts = sorted((folder / PARTS).glob("*.parquet"))
    for path in [folder / QUALITY_FILE, *parts]:
        if (found := _read(path, stage)) is not None:
            index, rows = found
            here = index < samples  # a dataset that was drawn anew may have had more
            for name in COLUMNS:
                whole[name][index[here]] = rows[name][here]
    _write(folder / QUALITY_FILE, stage, np.arange(samples), whole)
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def read_quality(folder: Path, stage: DepthStage) -> Measures:
    """The measures of all samples, (n,) each. Raises DatasetError where there are none of them."""
    found = _read(folder / QUALITY_FILE, stage)
    if found is None:
        raise DatasetError(
            f"{folder} has no {QUALITY_FILE} of its depth; `depthgen evaluate {folder}` makes it."
        )
    return found[1]


def carry_quality(
    source: Path, target: Path, rows: npt.NDArray[np.int64], stage: DepthStage
) -> None:
    """Write what is known of some rows of one dataset beside another, which consists of them."""
    found = _read(source / QUALITY_FILE, stage)
    if found is not None and rows.max(initial=-1) < len(found[0]):
        measures = {name: values[rows] for name, values in found[1].items()}
        _write(target / QUALITY_FILE, stage, np.arange(len(rows)), measures)


def has_quality(folder: Path, stage: DepthStage | None) -> bool:
    """Whether a dataset has measures of the depth that it has."""
    return stage is not None and _read(folder / QUALITY_FILE, stage) is not None


def _write(path: Path, stage: DepthStage, index: npt.NDArray[np.int64], rows: Measures) -> None:
    columns = {"index": pa.array(index)} | {name: pa.array(rows[name]) for name in COLUMNS}
    table = pa.table(columns).replace_schema_metadata({_STAGE: stage.model_dump_json()})
    with publishing(path) as temporary:
        pq.write_table(table, temporary)


def _read(path: Path, stage: DepthStage) -> tuple[npt.NDArray[np.int64], Measures] | None:
    """What a file of measures holds; None where there is none, or it is of another depth."""
    try:
        table = pq.read_table(path)
        of = DepthStage.model_validate_json((table.schema.metadata or {})[_STAGE])
        rows = {name: table[name].to_numpy().astype(np.float32) for name in COLUMNS}
        return (table["index"].to_numpy(), rows) if of == stage else None
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None
