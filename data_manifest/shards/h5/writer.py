"""Writing HDF5 shards: flat bytes and offsets, readable with h5py alone (FORMAT.md)."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from data_manifest.files.publish import need_room
from data_manifest.header import Header
from data_manifest.record import (
    STREAMS,
    EncodedSample,
    Picture,
    Size,
)
from data_manifest.shards.h5.reader import H5Reader
from data_manifest.shards.label import H5_FORMAT, ShardLabel

_HELD_BYTES = 48 * 2**20  # so that shards of usual size are written once
_COPY_BYTES = 2**20
_PIECES_AT_ONCE = 64
_METADATA_BYTES = 2**20


class _StreamWriter(Protocol):
    def append(self, data: Any) -> None: ...
    def nbytes(self) -> int: ...
    def finish(self) -> None: ...
    def discard(self) -> None: ...


class Files:
    """Files end to end: in memory while they are few, on disk beyond, at last in the shard."""

    def __init__(self, shard: h5py.File, name: str) -> None:
        self._group = shard.create_group(name)
        self._offsets = [0]
        self._pieces: list[bytes] = []
        self._held = 0
        self._folder = Path(shard.filename).parent
        self._spill: IO[bytes] | None = None

    def append(self, data: bytes) -> None:
        self._pieces.append(data)
        self._offsets.append(self._offsets[-1] + len(data))
        self._held += len(data)
        if self._held > _HELD_BYTES:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            self._spill.writelines(self._pieces)
            self._pieces, self._held = [], 0

    def nbytes(self) -> int:
        return self._offsets[-1] + 8 * len(self._offsets)

    def finish(self) -> None:
        data = self._group.create_dataset("data", (self._offsets[-1],), np.uint8)
        start = 0
        for content in self._contents():
            data[start : start + len(content)] = np.frombuffer(content, np.uint8)
            start += len(content)
        self._group.create_dataset("offsets", data=np.asarray(self._offsets, np.int64))
        self.discard()

    def _contents(self) -> Iterator[bytes]:
        if self._spill:
            self._spill.seek(0)
            while piece := self._spill.read(_COPY_BYTES):
                yield piece
        for start in range(0, len(self._pieces), _PIECES_AT_ONCE):
            yield b"".join(self._pieces[start : start + _PIECES_AT_ONCE])

    def discard(self) -> None:
        if self._spill:
            self._spill.close()


class _Arrays:
    """Plain arrays of the raw codec, written in place."""

    def __init__(self, shard: h5py.File, name: str, shape: tuple[int, ...]) -> None:
        self._data = shard.create_dataset(name, shape, np.uint8)
        self._rows = 0

    def append(self, data: npt.NDArray[np.generic]) -> None:
        self._data[self._rows] = data
        self._rows += 1

    def nbytes(self) -> int:
        return int(self._data.nbytes)

    def finish(self) -> None:
        pass

    def discard(self) -> None:
        pass


class H5Writer:
    """Writes one shard; ``raw_size`` is the pictures' size for the raw codec, None for jpeg.

    ``maps`` says whether samples have instance and amodal maps.
    """

    def __init__(
        self, path: Path, label: ShardLabel, backgrounds: int, raw_size: Size | None, *, maps: bool
    ) -> None:
        need_room(path, _METADATA_BYTES)
        self._file = h5py.File(path, "w")
        self._backgrounds: dict[str, int] = {}
        self._index: list[int] = []
        self._bg_index: list[int] = []
        rows = dict.fromkeys(STREAMS if maps else STREAMS[:3], label.samples)
        rows["bg"] = backgrounds
        self._streams = {name: self._stream(name, count, raw_size) for name, count in rows.items()}
        write_label(self._file, label)
        if raw_size is not None:
            self._need_room()

    def _need_room(self) -> None:
        size = sum(stream.nbytes() for stream in self._streams.values())
        need_room(Path(self._file.filename), size + _METADATA_BYTES)

    def _stream(self, name: str, rows: int, size: Size | None) -> _StreamWriter:
        if size is None:
            return Files(self._file, name)
        colours = (3,) if name in ("bg", "fg_bg") else ()
        return _Arrays(self._file, name, (rows, *size.shape, *colours))

    def add_background(self, bg: str, data: bytes | Picture) -> None:
        """Add a distinct background."""
        self._backgrounds[bg] = len(self._backgrounds)
        self._streams["bg"].append(data)

    def add(self, sample: EncodedSample) -> None:
        """Add the next sample; its background must be there."""
        self._index.append(sample.record.index)
        self._bg_index.append(self._backgrounds[sample.record.bg])
        for name, stream in self._streams.items():
            if name != "bg":
                stream.append(getattr(sample, name))

    def take_all(self, reader: H5Reader) -> None:
        """Add everything that another shard has, but for depth."""
        self._index, self._bg_index = reader.rows("index"), reader.rows("bg_index")
        for name, stream in self._streams.items():
            for row in range(reader.backgrounds if name == "bg" else len(self._index)):
                stream.append(reader.stored(name, row))

    def close(self) -> None:
        """Write what is left."""
        self._need_room()
        with self._file:
            for stream in self._streams.values():
                stream.finish()
            self._file.create_dataset("bg_index", data=np.asarray(self._bg_index, np.int32))
            self._file.create_dataset("index", data=np.asarray(self._index, np.int64))

    def abandon(self) -> None:
        """Let go of the file."""
        for stream in self._streams.values():
            stream.discard()
        with contextlib.suppress(OSError, RuntimeError):
            self._file.close()


def create(path: Path, label: ShardLabel, header: Header, backgrounds: int) -> H5Writer:
    """A writer of a shard of the header's codec."""
    raw_size = header.size if header.codec == "raw" else None
    return H5Writer(path, label, backgrounds, raw_size, maps=header.maps)


def write_label(file: h5py.File, label: ShardLabel) -> None:
    """Say in a shard's root attributes what it is."""
    file.attrs.update(
        format=H5_FORMAT,
        version=label.version,
        fingerprint=label.fingerprint,
        samples=label.samples,
        stages=label.stages_json(),
    )
