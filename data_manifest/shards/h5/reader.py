"""Reading HDF5 shards by ``get_offset`` and ``pread``: no HDF5 call and no lock for a picture.

h5py itself reads what has no fixed place in the file: compressed depth, and pictures in other
layouts.
"""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

from data_manifest.depth_stage import Stages
from data_manifest.errors import DatasetError
from data_manifest.record import (
    STREAMS,
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    Size,
    StoredDepth,
    Stream,
)
from data_manifest.shards.codec import (
    decode_map,
    decode_mask,
    decode_rgb,
    encode_depth,
    encode_jpeg,
    encode_map,
    encode_mask,
    encode_png,
)
from data_manifest.shards.depth_values import decode_values, laid_in
from data_manifest.shards.h5.located import Located, own
from data_manifest.shards.label import H5_FORMAT, VERSIONS, ShardLabel
from data_manifest.shards.picture_files import FileStream, checked


class H5Reader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r", rdcc_nbytes=0)
            self.label = read_h5_label(self._file)
            self._bg_index: npt.NDArray[np.int32] = own(self._file, "bg_index")[:]
            self._streams = {
                name: Located(self._file, name) for name in STREAMS if name in self._file
            }
            self._depth = _depth_of(self._file)
        except (OSError, LookupError, ValueError, TypeError, RuntimeError, MemoryError) as error:
            raise DatasetError(
                f"{path} is not a whole HDF5 shard ({error}); run the command that made this "
                "dataset again."
            ) from error
        self._descriptor: int = self._file.id.get_vfd_handle()
        self._last_ground: tuple[int, StoredDepth] | None = None  # samples come by background

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture."""
        try:
            row = self.background_row(record) if stream == "bg" else record.row
            return self._located(stream, record).read(self._descriptor, row)
        except IndexError:
            raise DatasetError(f"{self._path} has no {stream} of {record.key}.") from None

    def _located(self, stream: Stream, record: Record) -> "Located":
        if stream not in self._streams:
            raise DatasetError(f"{self._path} has no {stream} of {record.key}.")
        return self._streams[stream]

    def file(
        self, stream: FileStream, record: Record, size: Size, quality: int | None = None
    ) -> bytes:
        """One picture as a file; as ``ShardReader.file`` says."""
        if stream == "depth":
            stored = self.depth(record)
            if stored is None:
                raise DatasetError(f"{self._path} has no depth of {record.key}.")
            return checked(encode_depth(stored), stream, size, record.key)
        if not self._located(stream, record).shape:
            return checked(self.encoded(stream, record), stream, size, record.key)
        match stream:
            case "mask":
                return encode_mask(self.mask(record))
            case "instance" | "amodal":
                return encode_map(self.map(stream, record))
        bgr = self.picture(stream, record)[..., ::-1]
        return encode_png(bgr) if quality is None else encode_jpeg(bgr, quality)

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""
        data, shape = self.encoded(stream, record), self._located(stream, record).shape
        if shape:
            return np.frombuffer(bytearray(data), np.uint8).reshape(shape)
        return decode_rgb(data)

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""
        data, shape = self.encoded("mask", record), self._located("mask", record).shape
        if shape:
            return np.not_equal(np.frombuffer(data, np.uint8).reshape(shape), 0)
        return decode_mask(data)

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8."""
        data, shape = self.encoded(stream, record), self._located(stream, record).shape
        if shape:
            return np.frombuffer(bytearray(data), np.uint8).reshape(shape)
        return decode_map(data)

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where no teacher has run."""
        if self._depth is None:
            return None
        if isinstance(self._depth, _Grounded):
            ground, values = self.ground_depth(record), self.depth_within(record)
            assert ground is not None and values is not None
            return laid_in(ground, values, self.mask(record))
        return _chunk(self._depth, record.row, f"{self._path}: depth of {record.key}")

    def ground_depth(self, record: Record) -> StoredDepth | None:
        """The background's depth as stored, (H, W) uint16; None where depth is stored whole."""
        if not isinstance(self._depth, _Grounded):
            return None
        row, last = self.background_row(record), self._last_ground
        if last is None or last[0] != row:
            ground = _chunk(self._depth.grounds, row, f"{self._path}: depth of {record.bg}")
            last = self._last_ground = (row, ground)
        return last[1]

    def depth_within(self, record: Record) -> StoredDepth | None:
        """Depth as stored within the mask, (k,) uint16; None where depth is stored whole."""
        if not isinstance(self._depth, _Grounded):
            return None
        try:
            return decode_values(self._depth.values.read(self._descriptor, record.row))
        except (IndexError, ValueError) as error:
            raise DatasetError(f"{self._path}: depth of {record.key} is damaged.") from error

    @property
    def streams(self) -> frozenset[Stream]:
        """The streams that the shard has."""
        return frozenset(self._streams)

    @property
    def raw_size(self) -> Size | None:
        """The pictures' size in the raw codec, None where they are files."""
        shape = self._streams["fg_bg"].shape
        return Size(shape[1], shape[0]) if shape else None

    def rows(self, name: str) -> list[int]:
        """The whole of ``index`` or ``bg_index``."""
        return own(self._file, name)[:].tolist()  # type: ignore[no-any-return]

    def stored(self, stream: Stream, row: int) -> bytes | Picture:
        """One row of a stream as it is stored: a file, or an array in the raw codec."""
        located = self._streams[stream]
        data = located.read(self._descriptor, row)
        return np.frombuffer(data, np.uint8).reshape(located.shape) if located.shape else data

    def background_row(self, record: Record) -> int:
        """The row of a sample's background among those of the shard."""
        return int(self._bg_index[record.row])

    @property
    def backgrounds(self) -> int:
        """How many distinct backgrounds the shard has."""
        return int(self._bg_index.max(initial=-1)) + 1

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class _Grounded(NamedTuple):
    """Depth stored as that of backgrounds, (b, H, W), and values within each sample's mask."""

    grounds: h5py.Dataset
    values: "Located"


def _depth_of(file: h5py.File) -> h5py.Dataset | _Grounded | None:
    if "depth" not in file:
        return None
    if "bg_depth" in file:
        return _Grounded(own(file, "bg_depth"), Located(file, "depth"))
    return own(file, "depth")


def _chunk(data: h5py.Dataset, row: int, what: str) -> StoredDepth:
    """One row of compressed depth. Raises DatasetError, beginning with ``what``, where it can't
    be."""
    try:
        return data[row]  # type: ignore[no-any-return]
    except (OSError, IndexError, ValueError) as error:
        raise DatasetError(f"{what} is damaged.") from error


def read_h5_label(file: h5py.File) -> ShardLabel:
    """The label in the root attributes. Raises ValueError where it is another's or unknown."""
    found, version = file.attrs.get("format"), file.attrs.get("version")
    if found != H5_FORMAT or version not in VERSIONS:
        raise ValueError(
            f"format {found!r} version {version}, expected {H5_FORMAT!r} version "
            f"{' or '.join(map(str, VERSIONS))}"
        )
    return ShardLabel(
        version=version,
        fingerprint=file.attrs["fingerprint"],
        samples=file.attrs["samples"],
        stages=Stages.model_validate_json(file.attrs["stages"]),
    )
