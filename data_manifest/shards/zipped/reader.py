"""Zip shards: stored members ``fg_bg/KEY.jpg``, ``mask/KEY.png``, ``bg/ID.jpg``, ``depth/KEY.png``.

Any zip tool opens them. Reading goes by the member's offset and ``pread``, nothing is extracted, so
that no two readers share a file position. The archive's comment holds the shard's label as JSON.
"""

import os
import struct
import weakref
import zipfile
from pathlib import Path

from data_manifest.errors import DatasetError
from data_manifest.record import (
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    Size,
    StoredDepth,
    Stream,
)
from data_manifest.shards.codec import decode_depth, decode_map, decode_mask, decode_rgb
from data_manifest.shards.label import ShardLabel
from data_manifest.shards.picture_files import FileStream, checked

_LOCAL_HEADER = struct.Struct("<26xHH")


class ZipReader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as file:
                self.label = read_zip_label(file)
                members = file.infolist()
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, MemoryError) as error:
            raise DatasetError(
                f"{path} is not a whole zip shard ({error}); run the command that made this "
                "dataset again."
            ) from error
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise DatasetError(f"{path} holds compressed members; a shard's are stored.")
        self._places = {m.filename: (m.header_offset, m.file_size) for m in members}
        self._descriptor = os.open(path, os.O_RDONLY)
        self._close = weakref.finalize(self, os.close, self._descriptor)

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture."""
        return self._stored(stream, record)

    def file(
        self,
        stream: FileStream,
        record: Record,
        size: Size,
        quality: int | None = None,  # noqa: ARG002
    ) -> bytes:
        """One picture as a file, as it is stored; as ``ShardReader.file`` says."""
        return checked(self._stored(stream, record), stream, size, record.key)

    def _stored(self, stream: FileStream, record: Record) -> bytes:
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

    def ground_depth(self, record: Record) -> None:
        """None: depth is stored whole."""

    def depth_within(self, record: Record) -> None:
        """None: depth is stored whole."""

    def close(self) -> None:
        """Let go of the file."""
        self._close()

    def _read(self, name: str) -> bytes:
        try:
            start, size = self._places[name]
        except KeyError:
            raise DatasetError(f"{self._path} has no member {name}.") from None
        start += _LOCAL_HEADER.size
        lengths = os.pread(self._descriptor, _LOCAL_HEADER.size, start - _LOCAL_HEADER.size)
        return os.pread(self._descriptor, size, start + sum(_LOCAL_HEADER.unpack(lengths)))


def read_zip_label(file: zipfile.ZipFile) -> ShardLabel:
    """The label in the archive's comment. Raises ValueError where there is none."""
    return ShardLabel.model_validate_json(file.comment)
