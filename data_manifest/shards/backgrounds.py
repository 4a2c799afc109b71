"""Reading composites on backgrounds that are decoded already.

Many samples show the same background. It is decoded once and kept, and of a composite only the rows
of blocks are decoded in which it differs (see ``jpeg_cells``); pixels are those of the whole file.
"""

from typing import NamedTuple

from data_manifest.bounded_cache import BoundedCache
from data_manifest.header import Header
from data_manifest.record import Picture, Record
from data_manifest.shards import ShardReader
from data_manifest.shards.codec import decode_rgb
from data_manifest.shards.jpeg_cells import CellJpeg, jpeg_size

CACHE_BYTES = 64 * 2**20


class _Known(NamedTuple):
    """A background: its stored bytes, its pixels, and its file taken apart if it is ours."""

    data: bytes
    rgb: Picture
    cells: CellJpeg | None


class BackgroundCache:
    """The decoded backgrounds of a dataset in one process, at most CACHE_BYTES of them."""

    def __init__(self, header: Header) -> None:
        self._size, self._raw = header.size, header.codec == "raw"
        self._whole_files = header.format == "folder"
        self._known: BoundedCache[_Known] = BoundedCache(CACHE_BYTES)

    def bg_and_fg_bg(self, shard: ShardReader, record: Record) -> tuple[Picture, Picture]:
        """The background and the composite of a sample, each (H, W, 3) uint8 RGB of its own."""
        if self._raw:
            return shard.picture("bg", record), shard.picture("fg_bg", record)
        known = self._background(shard, record)
        if self._whole_files:
            return known.rgb.copy(), shard.picture("fg_bg", record)
        data = shard.encoded("fg_bg", record)
        fg_bg = known.cells.decode_on(known.rgb, data) if known.cells else None
        return known.rgb.copy(), decode_rgb(data) if fg_bg is None else fg_bg

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
