"""Writing zip shards: stored members, in any zip tool's reach."""

import contextlib
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from data_manifest.depth_stage import DepthStage
from data_manifest.errors import DatasetError
from data_manifest.header import Header
from data_manifest.record import MAP_STREAMS, EncodedSample, Grounds, Picture, Record, StoredDepth
from data_manifest.shards.codec import encode_depth
from data_manifest.shards.label import ShardLabel
from data_manifest.shards.zipped.reader import read_zip_label

_EPOCH = (1980, 1, 1, 0, 0, 0)


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


def create(path: Path, label: ShardLabel, header: Header, backgrounds: int) -> ZipWriter:  # noqa: ARG001
    """A writer of a shard."""
    return ZipWriter(path, label)


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
    grounds: Grounds | None,  # noqa: ARG001
) -> None:
    """Copy a shard and add its depth members, whole, leaving out those that it has."""
    with zipfile.ZipFile(source) as file:
        label, old = read_zip_label(file), any(n.startswith("depth/") for n in file.namelist())
    _copy_without_depth(source, target) if old else shutil.copyfile(source, target)
    with zipfile.ZipFile(target, "a") as file:
        for record, depth in depths:
            _store(file, f"depth/{record.key}.png", encode_depth(depth))
        file.comment = label.with_depth(stage).model_dump_json().encode()


def _copy_without_depth(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            if not member.filename.startswith("depth/"):
                _store(new, member.filename, old.read(member))


def _store(file: zipfile.ZipFile, name: str, data: object) -> None:
    if not isinstance(data, bytes):
        raise DatasetError("Zip shards hold encoded files; the raw codec needs --format h5.")
    file.writestr(zipfile.ZipInfo(name, _EPOCH), data)
