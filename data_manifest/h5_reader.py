"""Reading HDF5 shards by ``get_offset`` and ``pread``: no HDF5 call and no lock for a picture.

h5py itself reads what has no fixed place in the file: compressed depth, and pictures in other
layouts.
"""

import os
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from data_manifest.codec import decode_map, decode_mask, decode_rgb
from data_manifest.errors import DatasetError
from data_manifest.header import Stages
from data_manifest.record import (
    STREAMS,
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    StoredDepth,
    Stream,
)
from data_manifest.shard_label import H5_FORMAT, VERSION, ShardLabel


class H5Reader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r", rdcc_nbytes=0)
            self.label = read_h5_label(self._file)
            self._bg_index: npt.NDArray[np.int32] = self._file["bg_index"][:]
            self._streams = {
                name: _Located(self._file[name]) for name in STREAMS if name in self._file
            }
            self._depth = self._file.get("depth")
        except (OSError, LookupError, ValueError, TypeError, RuntimeError, MemoryError) as error:
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

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8."""
        data, shape = self.encoded(stream, record), self._streams[stream].shape
        if shape:
            return np.frombuffer(bytearray(data), np.uint8).reshape(shape)
        return decode_map(data)

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


def read_h5_label(file: h5py.File) -> ShardLabel:
    """The label in the root attributes. Raises ValueError where format or version is another."""
    found, version = file.attrs.get("format"), file.attrs.get("version")
    if found != H5_FORMAT or version != VERSION:
        raise ValueError(
            f"format {found!r} version {version}, expected {H5_FORMAT!r} version {VERSION}"
        )
    return ShardLabel(
        fingerprint=file.attrs["fingerprint"],
        samples=file.attrs["samples"],
        stages=Stages.model_validate_json(file.attrs["stages"]),
    )
