"""Adding depth to HDF5 shards: whole, or within masks beside the depth of backgrounds."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from data_manifest.depth_stage import DepthStage, Stages
from data_manifest.files.publish import need_room
from data_manifest.record import STREAMS, Grounds, Record, StoredDepth
from data_manifest.shards.depth_values import encode_values
from data_manifest.shards.h5.reader import H5Reader, read_h5_label
from data_manifest.shards.h5.writer import Files, H5Writer, write_label
from data_manifest.shards.label import FIRST_VERSION, ShardLabel

_DEFLATE_LEVEL = 1


def append_depth(
    source: Path,
    target: Path,
    stage: DepthStage,
    depths: Iterable[tuple[Record, StoredDepth]],
    grounds: Grounds | None,
) -> None:
    """Copy a shard and add its ``depth``, or replace the one that it has.

    With ``grounds``, the depth of its backgrounds, only what lies within masks is stored of each
    sample; it must be as in ``grounds`` elsewhere.
    """
    reader = H5Reader(source)
    try:
        _copy_without_depth(source, target, reader)
        with h5py.File(target, "r+") as file:
            label = read_h5_label(file)
            if grounds is None:
                _add_whole(file, label, depths)
            else:
                _add_within(file, reader, depths, grounds)
            for name in ("scale", "offset", "unit", "kind", "near_is"):
                file["depth"].attrs[name] = getattr(stage.encoding, name)
            write_label(file, label.with_depth(stage))
    finally:
        reader.close()


def _copy_without_depth(source: Path, target: Path, reader: H5Reader) -> None:
    """The shard as it was before it had depth, byte for byte; HDF5 leaves holes if it deletes."""
    if reader.label.stages.depth is None:
        shutil.copyfile(source, target)
        return
    bare = reader.label.model_copy(update={"version": FIRST_VERSION, "stages": Stages()})
    maps = all(name in reader.streams for name in STREAMS)
    writer = H5Writer(target, bare, reader.backgrounds, reader.raw_size, maps=maps)
    try:
        writer.take_all(reader)
        writer.close()
    except BaseException:
        writer.abandon()
        raise


def _add_whole(
    file: h5py.File, label: ShardLabel, depths: Iterable[tuple[Record, StoredDepth]]
) -> None:
    data = None
    for record, depth in depths:
        if data is None:
            data = _frames(file, "depth", (label.samples, *depth.shape))
        data[record.row] = depth


def _add_within(
    file: h5py.File,
    reader: H5Reader,
    depths: Iterable[tuple[Record, StoredDepth]],
    grounds: Grounds,
) -> None:
    written: h5py.Dataset | None = None
    known: set[int] = set()
    values = Files(file, "depth")
    try:
        for record, depth in depths:
            values.append(encode_values(depth[reader.mask(record)]))
            place = reader.background_row(record)
            if written is None:
                written = _frames(file, "bg_depth", (reader.backgrounds, *depth.shape))
            if place not in known:
                written[place] = grounds[record.bg]
                known.add(place)
        need_room(Path(file.filename), Path(file.filename).stat().st_size + values.nbytes())
        values.finish()
    finally:
        values.discard()


def _frames(file: h5py.File, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    """Room for compressed frames, (n, H, W) uint16; a filter whose output is deterministic."""
    path = Path(file.filename)
    need_room(path, path.stat().st_size + 2 * int(np.prod(shape)))
    return file.create_dataset(
        name, shape, np.uint16, chunks=(1, *shape[1:]), compression="gzip",
        compression_opts=_DEFLATE_LEVEL, shuffle=True,
    )  # fmt: skip
