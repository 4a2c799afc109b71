"""Folder shards: loose picture files, and a Parquet list of where they lie and what they hash to.

Pictures lie in ``fg_bg/``, ``mask/``, ``bg/``, ``depth/``, ... beside the list, or anywhere else:
an imported dataset lists a user's own files, of any format, and copies nothing. No file is believed
without its SHA-256, so that a stranger's list can't name what its author doesn't know.
"""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError, SourceError
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.opencv import decode_any
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
from data_manifest.shards.codec import encode_depth, encode_jpeg, encode_map, encode_mask
from data_manifest.shards.folder.listing import read_list
from data_manifest.shards.label import ShardLabel
from data_manifest.shards.picture_files import FileStream, is_file_of

QUALITY = 95
"""JPEG quality of pictures that weren't JPEG, or of another size."""


class FolderReader:
    """Reads one shard."""

    def __init__(self, path: Path) -> None:
        self._path, self._folder = path, path.parent
        self._how, self._rows = read_list(path)
        self.label: ShardLabel = self._how.shard
        if len(self._rows) != self.label.samples:
            raise DatasetError(f"{path} lists {len(self._rows)} of {self.label.samples} samples.")

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The content of one picture's file."""
        return self._read(stream, record)

    def file(
        self, stream: FileStream, record: Record, size: Size, quality: int | None = None
    ) -> bytes:
        """One picture as the file that the header promises; as ``ShardReader.file`` says.

        A user's file that isn't one is decoded and encoded anew.
        """
        if stream == "depth":
            stored = self.depth(record)
            if stored is None:
                raise DatasetError(f"{self._path} has no depth of {record.key}.")
            return encode_depth(stored)
        content = self._read(stream, record)
        if is_file_of(content, stream, size):
            decode_any(content, cv2.IMREAD_UNCHANGED)
            return content
        match stream:
            case "mask":
                return encode_mask(self.mask(record))
            case "instance" | "amodal":
                return encode_map(self.map(stream, record))
        return encode_jpeg(self.picture(stream, record)[..., ::-1], quality or QUALITY)

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""
        rgb = decode_any(self._read(stream, record), cv2.IMREAD_COLOR_RGB)
        return self._sized(rgb).astype(np.uint8, copy=False)

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""
        grey = decode_any(self._read("mask", record), cv2.IMREAD_GRAYSCALE)
        return np.asarray(self._sized(grey) >= self._how.mask_threshold)

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
        return self._sized(flat).astype(np.uint16, copy=False)

    def ground_depth(self, record: Record) -> None:
        """None: depth is stored whole."""

    def depth_within(self, record: Record) -> None:
        """None: depth is stored whole."""

    def close(self) -> None:
        """Nothing is held open."""

    def _sized(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if Size.of(picture) == self._how.size:
            return picture
        return np.asarray(cv2.resize(picture, self._how.size, interpolation=cv2.INTER_AREA))

    def _read(self, stream: str, record: Record) -> bytes:
        row = self._rows[record.row]
        name, expected = row.get(stream), row.get(f"{stream}_sha256")
        if not name or not expected:
            raise DatasetError(f"{self._path} lists no {stream} of {record.key} with its SHA-256.")
        path = self._folder / name
        try:
            content = read_file(path)
        except (SourceError, ValueError) as error:
            raise DatasetError(f"{path}: {error}.") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise DatasetError(f"{path} is not the file that was written.")
        return content
