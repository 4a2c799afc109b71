"""Zip shards: stored members ``fg_bg/KEY.jpg``, ``mask/KEY.png``, ``bg/ID.jpg``, ``depth/KEY.png``.

Any zip tool opens them. Reading goes by the member's offset and ``pread``, nothing is extracted, so
that no two readers share a file position. The archive's comment holds the shard's label as JSON.
"""

import contextlib
import os
import shutil
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

from data_manifest.codec import decode_depth, decode_map, decode_mask, decode_rgb, encode_depth
from data_manifest.errors import DatasetError
from data_manifest.header import DepthStage, Stages
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

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = struct.Struct("<26xHH")


class ZipWriter:
    """Writes one shard."""

    def __init__(self, path: Path, label: ShardLabel) -> None:
        self._file = zipfile.ZipFile(path, "w")
        self._file.comment = label.model_dump_json().encode()

    def add_background(self, bg: str, data: bytes | Picture) -> None:
        """Add a distinct background."""
        _store(self._file, f"bg/{bg}.jpg", data)

    def add(self, sample: EncodedSample) -> None:
        """Add the next sample."""
        _store(self._file, f"fg_bg/{sample.record.key}.jpg", sample.fg_bg)
        _store(self._file, f"mask/{sample.record.key}.png", sample.mask)
        for stream in MAP_STREAMS:
            if (data := getattr(sample, stream)) is not None:
                _store(self._file, f"{stream}/{sample.record.key}.png", data)

    def close(self) -> None:
        """Write the directory."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._file.close()


class ZipReader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as file:
                self.label = _read_label(file)
                members = file.infolist()
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, MemoryError) as error:
            raise DatasetError(
                f"{path} is not a whole zip shard ({error}); "
                "run the same `datagen overlay` again to draw it."
            ) from error
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise DatasetError(f"{path} holds compressed members; a shard's are stored.")
        self._places = {m.filename: (m.header_offset, m.file_size) for m in members}
        self._descriptor = os.open(path, os.O_RDONLY)

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture."""
        match stream:
            case "bg":
                return self._read(f"bg/{record.bg}.jpg")
            case "fg_bg":
                return self._read(f"fg_bg/{record.key}.jpg")
        return self._read(f"{stream}/{record.key}.png")

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""
        return decode_rgb(self.encoded(stream, record))

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""
        return decode_mask(self.encoded("mask", record))

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8."""
        return decode_map(self.encoded(stream, record))

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where no teacher has run."""
        if self.label.stages.depth is None:
            return None
        return decode_depth(self._read(f"depth/{record.key}.png"))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _read(self, name: str) -> bytes:
        try:
            start, size = self._places[name]
        except KeyError:
            raise DatasetError(f"{self._path} has no member {name}.") from None
        start += _LOCAL_HEADER.size
        lengths = os.pread(self._descriptor, _LOCAL_HEADER.size, start - _LOCAL_HEADER.size)
        return os.pread(self._descriptor, size, start + sum(_LOCAL_HEADER.unpack(lengths)))


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
) -> None:
    """Copy a shard and add its depth members, leaving out those that it has."""
    with zipfile.ZipFile(source) as file:
        label, old = _read_label(file), any(n.startswith("depth/") for n in file.namelist())
    _copy_without_depth(source, target) if old else shutil.copyfile(source, target)
    with zipfile.ZipFile(target, "a") as file:
        for record, depth in depths:
            _store(file, f"depth/{record.key}.png", encode_depth(depth))
        done = label.model_copy(update={"stages": Stages(depth=stage)})
        file.comment = done.model_dump_json().encode()


def _copy_without_depth(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            if not member.filename.startswith("depth/"):
                _store(new, member.filename, old.read(member))


def _store(file: zipfile.ZipFile, name: str, data: object) -> None:
    if not isinstance(data, bytes):
        raise DatasetError("Zip shards hold encoded files; the raw codec needs --format h5.")
    file.writestr(zipfile.ZipInfo(name, _EPOCH), data)


def _read_label(file: zipfile.ZipFile) -> ShardLabel:
    return ShardLabel.model_validate_json(file.comment)
