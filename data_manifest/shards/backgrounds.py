"""Reading composites on backgrounds that are decoded already.

Many samples show the same background. It is decoded once and kept, and of a composite only the rows
of blocks are decoded in which it differs (see ``jpeg_cells``); pixels are those of the whole file.
"""

from typing import NamedTuple

from data_manifest.bounded_cache import BoundedCache
from data_manifest.header import Header
from data_manifest.pictures.copying import Values, copied
from data_manifest.record import Depth, Mask, Picture, Record
from data_manifest.shards import ShardReader
from data_manifest.shards.codec import decode_rgb
from data_manifest.shards.depth_values import laid_in
from data_manifest.shards.jpeg_cells import CellJpeg, jpeg_size

CACHE_BYTES, GROUND_BYTES = 64 * 2**20, 32 * 2**20


class _Known(NamedTuple):
    """A background: its stored bytes, its pixels, and its file taken apart if it is ours."""

    data: bytes
    rgb: Picture
    cells: CellJpeg | None


class BackgroundCache:
    """The decoded backgrounds of a dataset in one process, at most CACHE_BYTES of them.

    And their depth, GROUND_BYTES at most: all of a dataset's is by one teacher.
    """

    def __init__(self, header: Header) -> None:
        self._size, self._raw = header.size, header.codec == "raw"
        self._whole_files = header.format == "folder"
        self._known: BoundedCache[_Known] = BoundedCache(CACHE_BYTES)
        self._encoding = header.stages.depth.encoding if header.stages.depth else None
        self._grounds: BoundedCache[Depth] = BoundedCache(GROUND_BYTES)

    def bg(self, shard: ShardReader, record: Record, out: Picture | None = None) -> Picture:
        """The background of a sample, (H, W, 3) uint8 RGB of its own, or in ``out``."""
        if self._raw:
            return _placed(shard.picture("bg", record), out)
        return copied(self._background(shard, record).rgb, out)

    def fg_bg(self, shard: ShardReader, record: Record, out: Picture | None = None) -> Picture:
        """The composite of a sample, (H, W, 3) uint8 RGB of its own, or in ``out``."""
        if self._raw or self._whole_files:
            return _placed(shard.picture("fg_bg", record), out)
        known, data = self._background(shard, record), shard.encoded("fg_bg", record)
        fg_bg = known.cells.decode_on(known.rgb, data, out) if known.cells else None
        return _placed(decode_rgb(data), out) if fg_bg is None else fg_bg

    def depth(
        self, shard: ShardReader, record: Record, mask: Mask, out: Depth | None = None
    ) -> Depth | None:
        """Depth of a sample in its unit, (H, W) float32, of its own, or in ``out``.

        None where no teacher has run. ``mask`` is the sample's. What lies outside it is the
        background's, where it is stored so.
        """
        if self._encoding is None:
            return None
        values = shard.depth_within(record)
        if values is None:
            stored = shard.depth(record)
            return None if stored is None else _placed(self._encoding.to_unit(stored), out)
        return laid_in(self._ground(shard, record), self._encoding.to_unit(values), mask, out)

    def _ground(self, shard: ShardReader, record: Record) -> Depth:
        found = self._grounds.get(record.bg)
        if found is not None:
            return found
        stored = shard.ground_depth(record)
        assert stored is not None and self._encoding is not None
        ground = self._encoding.to_unit(stored)
        return self._grounds.put(record.bg, ground, ground.nbytes)

    def _background(self, shard: ShardReader, record: Record) -> _Known:
        data = shard.encoded("bg", record)
        found = self._known.get(record.bg)
        if found is not None and found.data == data:
            return found
        rgb = shard.picture("bg", record)
        known = _Known(data, rgb, self._taken_apart(data))
        return self._known.put(record.bg, known, 3 * len(data) + rgb.nbytes)

    def _taken_apart(self, data: bytes) -> CellJpeg | None:
        try:
            return CellJpeg(data, self._size) if jpeg_size(data) == self._size else None
        except ValueError:
            return None


def _placed(values: Values, out: Values | None) -> Values:
    """Values that nothing else holds: themselves, or a copy in ``out``."""
    return values if out is None else copied(values, out)
