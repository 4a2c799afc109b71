"""HDF5 shards, version 1: flat bytes and offsets, readable with h5py alone (FORMAT.md).

Reading goes by ``get_offset`` and ``pread``: no HDF5 call and no lock for a picture. h5py itself
reads what has no fixed place in the file: compressed depth, and pictures in other layouts.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from data_manifest.codec import decode_mask, decode_rgb
from data_manifest.errors import DatasetError
from data_manifest.header import DepthStage, Stages
from data_manifest.record import (
    EncodedSample,
    Mask,
    Picture,
    PictureStream,
    Record,
    StoredDepth,
    Stream,
)
from data_manifest.shard_label import VERSION, ShardLabel

FORMAT = "diorama-h5"
LARGEST = 20_000
_SPOOL_BYTES = 32 * 2**20
_COPY_BYTES = 8 * 2**20


class _StreamWriter(Protocol):
    def append(self, data: Any) -> None: ...
    def finish(self) -> None: ...


class _Files:
    """Files end to end: in memory while they are few, on disk beyond, at last in the shard."""

    def __init__(self, shard: h5py.File, name: str) -> None:
        self._group = shard.create_group(name)
        self._offsets = [0]
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by finish
            max_size=_SPOOL_BYTES, dir=str(Path(shard.filename).parent)
        )

    def append(self, data: bytes) -> None:
        self._spool.write(data)
        self._offsets.append(self._offsets[-1] + len(data))

    def finish(self) -> None:
        data = self._group.create_dataset("data", (self._offsets[-1],), np.uint8)
        self._spool.seek(0)
        for start in range(0, self._offsets[-1], _COPY_BYTES):
            piece = np.frombuffer(self._spool.read(_COPY_BYTES), np.uint8)
            data[start : start + len(piece)] = piece
        self._group.create_dataset("offsets", data=np.asarray(self._offsets, np.int64))
        self._spool.close()


class _Arrays:
    """Plain arrays of the raw codec, written in place."""

    def __init__(self, shard: h5py.File, name: str, shape: tuple[int, ...]) -> None:
        self._data = shard.create_dataset(name, shape, np.uint8)
        self._rows = 0

    def append(self, data: npt.NDArray[np.generic]) -> None:
        self._data[self._rows] = data
        self._rows += 1

    def finish(self) -> None:
        pass


class H5Writer:
    """Writes one shard; ``raw_size`` is the pictures' side for the raw codec, None for jpeg."""

    def __init__(
        self, path: Path, label: ShardLabel, backgrounds: int, raw_size: int | None
    ) -> None:
        self._file = h5py.File(path, "w")
        self._backgrounds: dict[str, int] = {}
        self._index: list[int] = []
        self._bg_index: list[int] = []
        self._streams = {
            name: self._stream(name, rows, raw_size)
            for name, rows in (
                ("fg_bg", label.samples),
                ("mask", label.samples),
                ("bg", backgrounds),
            )
        }
        _write_label(self._file, label)

    def _stream(self, name: str, rows: int, side: int | None) -> _StreamWriter:
        if side is None:
            return _Files(self._file, name)
        return _Arrays(self._file, name, (rows, side, side) + (() if name == "mask" else (3,)))

    def add_background(self, bg: str, data: bytes | Picture) -> None:
        """Add a distinct background."""
        self._backgrounds[bg] = len(self._backgrounds)
        self._streams["bg"].append(data)

    def add(self, sample: EncodedSample) -> None:
        """Add the next sample; its background must be there."""
        self._index.append(sample.record.index)
        self._bg_index.append(self._backgrounds[sample.record.bg])
        self._streams["fg_bg"].append(sample.fg_bg)
        self._streams["mask"].append(sample.mask)

    def close(self) -> None:
        """Write what is left."""
        with self._file:
            for stream in self._streams.values():
                stream.finish()
            self._file.create_dataset("bg_index", data=np.asarray(self._bg_index, np.int32))
            self._file.create_dataset("index", data=np.asarray(self._index, np.int64))


class H5Reader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r", locking=False, rdcc_nbytes=0)
            self.label = _read_label(self._file)
            self._bg_index: npt.NDArray[np.int32] = self._file["bg_index"][:]
            self._streams = {name: _Located(self._file[name]) for name in ("bg", "fg_bg", "mask")}
            self._depth = self._file.get("depth")
        except (OSError, KeyError, ValueError) as error:
            raise DatasetError(
                f"{path} is not a whole HDF5 shard ({error}); "
                "run the same `datagen overlay` again to draw it."
            ) from error
        self._descriptor: int = self._file.id.get_vfd_handle()

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture."""
        row = int(self._bg_index[record.row]) if stream == "bg" else record.row
        return self._streams[stream].read(self._descriptor, row)

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""
        data, shape = self.encoded(stream, record), self._streams[stream].shape
        if shape:
            return np.frombuffer(bytearray(data), np.uint8).reshape(shape)
        return decode_rgb(data)

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""
        data, shape = self.encoded("mask", record), self._streams["mask"].shape
        if shape:
            return np.not_equal(np.frombuffer(data, np.uint8).reshape(shape), 0)
        return decode_mask(data)

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where no teacher has run."""
        if self._depth is None:
            return None
        try:
            return self._depth[record.row]  # type: ignore[no-any-return]
        except OSError as error:
            raise DatasetError(f"{self._path}: depth of {record.key} is damaged.") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class _Located:
    """Where each row of a stream lies; ``shape`` is a row's shape in the raw codec, else None."""

    def __init__(self, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Group):
            self._data, self.shape = node["data"], None
            self._bounds: npt.NDArray[np.int64] = node["offsets"][:]
        else:
            self._data, self.shape = node, node.shape[1:]
            self._bounds = np.arange(len(node) + 1, dtype=np.int64) * int(np.prod(self.shape))
        self._start: int | None = self._data.id.get_offset()

    def read(self, descriptor: int, row: int) -> bytes:
        begin, end = int(self._bounds[row]), int(self._bounds[row + 1])
        if self._start is not None:
            return os.pread(descriptor, end - begin, self._start + begin)
        piece = self._data[row] if self.shape else self._data[begin:end]
        return piece.tobytes()  # type: ignore[no-any-return]


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
) -> None:
    """Copy a shard and add its ``depth`` dataset, or replace the one that it has."""
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        label = _read_label(file)
        if "depth" in file:
            del file["depth"]
        for record, depth in depths:
            if "depth" not in file:
                data = _create_depth(file, (label.samples, *depth.shape), stage)
            data[record.row] = depth
        _write_label(file, label.model_copy(update={"stages": Stages(depth=stage)}))


def _create_depth(file: h5py.File, shape: tuple[int, ...], stage: DepthStage) -> h5py.Dataset:
    data = file.create_dataset(
        "depth", shape, np.uint16, chunks=(1, *shape[1:]), compression="lzf", shuffle=True
    )
    encoding = stage.encoding
    for name in ("scale", "offset", "unit", "kind", "near_is"):
        data.attrs[name] = getattr(encoding, name)
    return data


def _write_label(file: h5py.File, label: ShardLabel) -> None:
    file.attrs.update(
        format=FORMAT,
        version=label.version,
        fingerprint=label.fingerprint,
        samples=label.samples,
        stages=label.stages_json(),
    )


def _read_label(file: h5py.File) -> ShardLabel:
    found, version = file.attrs.get("format"), file.attrs.get("version")
    if found != FORMAT or version != VERSION:
        raise ValueError(
            f"format {found!r} version {version}, expected {FORMAT!r} version {VERSION}"
        )
    return ShardLabel(
        fingerprint=file.attrs["fingerprint"],
        samples=file.attrs["samples"],
        stages=Stages.model_validate_json(file.attrs["stages"]),
    )
