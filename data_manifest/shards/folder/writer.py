"""Writing folder shards: loose picture files, and a Parquet list of them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from data_manifest.depth_stage import DepthStage
from data_manifest.errors import DatasetError
from data_manifest.files.names import inside
from data_manifest.files.publish import make_folder, publishing
from data_manifest.header import Header
from data_manifest.record import (
    MAP_STREAMS,
    EncodedSample,
    Grounds,
    Picture,
    Record,
    Size,
    StoredDepth,
)
from data_manifest.shards.codec import encode_depth
from data_manifest.shards.folder.listing import FolderLabel, Listed, read_list, write_list
from data_manifest.shards.label import ShardLabel

_ENDINGS = {"bg": "jpg", "fg_bg": "jpg", "mask": "png", "instance": "png", "amodal": "png"}


class FolderWriter:
    """Writes one shard: its pictures as files, and at last their list."""

    def __init__(self, path: Path, label: ShardLabel, size: Size) -> None:
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
    path = inside(folder, file)
    make_folder(path.parent)
    with publishing(path, sync=False) as temporary:
        temporary.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


def create(path: Path, label: ShardLabel, header: Header, backgrounds: int) -> FolderWriter:  # noqa: ARG001
    """A writer of a shard."""
    return FolderWriter(path, label, header.size)


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
    grounds: Grounds | None,  # noqa: ARG001
) -> None:
    """Write whole depth files beside the list, and a list that tells of them."""
    label, rows = read_list(source)
    streams = [name for name in rows[0] if f"{name}_sha256" in rows[0]]
    listed = [{name: (row[name], row[f"{name}_sha256"]) for name in streams} for row in rows]
    for record, depth in depths:
        saved = _save(source.parent, "depth", record.key, encode_depth(depth))
        listed[record.row]["depth"] = saved
    done = label.shard.with_depth(stage)
    numbers = (row["index"] for row in rows)
    write_list(target, label.model_copy(update={"shard": done}), zip(numbers, listed, strict=True))
