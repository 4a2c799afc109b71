"""Folder shards: loose picture files, and a Parquet list of where they lie and what they hash to.

Pictures lie in ``fg_bg/``, ``mask/``, ``bg/``, ``depth/``, ... beside the list, or anywhere else:
an imported dataset lists a user's own files, of any format, and copies nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from data_manifest.codec import decode_any, encode_depth
from data_manifest.errors import DatasetError
from data_manifest.header import DepthStage, Stages
from data_manifest.publish import make_folder, publishing
from data_manifest.record import (
    MAP_STREAMS,
    EncodedSample,
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    StoredDepth,
    Stream,
)
from data_manifest.shard_label import ShardLabel

_METADATA = b"diorama"
_ENDINGS = {"bg": "jpg", "fg_bg": "jpg", "mask": "png", "instance": "png", "amodal": "png"}
Listed = Mapping[str, tuple[str, str]]
"""The file and its SHA-256 (empty where it was never taken) of each stream of one sample."""


class FolderLabel(BaseModel):
    """What a list says of itself: the label of any shard, and how its files are to be read.

    Pictures of another size are squashed to ``size``; a mask is where its grey value is at least
    ``mask_threshold``.
    """

    model_config = ConfigDict(frozen=True)

    shard: ShardLabel
    size: int
    mask_threshold: int = 128


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
    """The files that a list tells of. Raises DatasetError."""
    _, rows = read_list(path)
    names = {row[name] for row in rows for name in row if f"{name}_sha256" in row}
    return [path.parent / name for name in sorted(names) if name]


class FolderWriter:
    """Writes one shard: its pictures as files, and at last their list."""

    def __init__(self, path: Path, label: ShardLabel, size: int) -> None:
        self._path, self._label = path, FolderLabel(shard=label, size=size)
        self._backgrounds: dict[str, tuple[str, str]] = {}
        self._rows: list[tuple[int, Listed]] = []

    def add_background(self, bg: str, data: bytes | Picture) -> None:
        """Add a distinct background."""
        self._backgrounds[bg] = _save(self._path.parent, "bg", bg, data)

    def add(self, sample: EncodedSample) -> None:
        """Add the next sample."""
        files = {"bg": self._backgrounds[sample.record.bg]}
        for stream in ("fg_bg", "mask", *MAP_STREAMS):
            if (data := getattr(sample, stream)) is not None:
                files[stream] = _save(self._path.parent, stream, sample.record.key, data)
        self._rows.append((sample.record.index, files))

    def close(self) -> None:
        """Write the list."""
        write_list(self._path, self._label, self._rows)

    def abandon(self) -> None:
        """Leave the pictures to the next run, which writes them again."""


def _save(folder: Path, stream: str, name: str, data: object) -> tuple[str, str]:
    if not isinstance(data, bytes):
        raise DatasetError("Folders hold encoded files; the raw codec needs --format h5.")
    file = f"{stream}/{name}.{_ENDINGS.get(stream, 'png')}"
    make_folder((folder / file).parent)
    with publishing(folder / file, sync=False) as temporary:
        temporary.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


class FolderReader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._how, self._rows = read_list(path)
        self.label = self._how.shard
        if len(self._rows) != self.label.samples:
            raise DatasetError(f"{path} lists {len(self._rows)} of {self.label.samples} samples.")

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The content of one picture's file."""
        return self._read(stream, record)

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""
        rgb = decode_any(self._read(stream, record), cv2.IMREAD_COLOR_RGB)
        return self._sized(rgb, cv2.INTER_AREA).astype(np.uint8, copy=False)

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""
        grey = decode_any(self._read("mask", record), cv2.IMREAD_GRAYSCALE)
        return np.asarray(self._sized(grey, cv2.INTER_AREA) >= self._how.mask_threshold)

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8."""
        values = decode_any(self._read(stream, record), cv2.IMREAD_GRAYSCALE)
        return values.astype(np.uint8, copy=False)

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where there is none."""
        if self.label.stages.depth is None:
            return None
        values = decode_any(self._read("depth", record), cv2.IMREAD_UNCHANGED)
        flat = values if values.ndim == 2 else values[..., 0]
        return self._sized(flat, cv2.INTER_AREA).astype(np.uint16, copy=False)

    def close(self) -> None:
        """Nothing is held open."""

    def _sized(self, picture: npt.NDArray[Any], how: int) -> npt.NDArray[Any]:
        size = (self._how.size, self._how.size)
        same = picture.shape[:2] == size
        return picture if same else np.asarray(cv2.resize(picture, size, interpolation=how))

    def _read(self, stream: str, record: Record) -> bytes:
        row = self._rows[record.row]
        if not row.get(stream):
            raise DatasetError(f"{self._folder} has no {stream} of {record.key}.")
        path = self._folder / str(row[stream])
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"{path} can't be read: {error.strerror}.") from error
        expected = row.get(f"{stream}_sha256")
        if expected and hashlib.sha256(content).hexdigest() != expected:
            raise DatasetError(f"{path} is not the file that was written.")
        return content


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
) -> None:
    """Write depth files beside the list, and a list that tells of them."""
    label, rows = read_list(source)
    streams = [name for name in rows[0] if f"{name}_sha256" in rows[0]]
    listed = [{name: (row[name], row[f"{name}_sha256"]) for name in streams} for row in rows]
    for record, depth in depths:
        saved = _save(source.parent, "depth", record.key, encode_depth(depth))
        listed[record.row]["depth"] = saved
    done = label.shard.model_copy(update={"stages": Stages(depth=stage)})
    numbers = (row["index"] for row in rows)
    write_list(target, label.model_copy(update={"shard": done}), zip(numbers, listed, strict=True))
