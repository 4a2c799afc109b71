"""JPEG files whose parts can be told apart: cells, runs of blocks between restart markers.

A restart marker resets the decoder (ITU-T T.81, F.1.1.5), so a cell's bytes depend on its own
pixels alone. In a composite every cell that no foreground touches is the background's own: those
that are touched are encoded, the others copied, and the file is the one that encoding the whole
picture gives, byte for byte. Reading goes the same way back.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError
from data_manifest.pictures.copying import copied
from data_manifest.record import Picture, Size

BLOCK = 16  # pixels either way of a unit of two luma blocks by two, as 4:2:0 has them
_BLOCKS_TO_A_CELL = 7  # wide cells copy less, narrow ones cost five bytes each; measured at 224 px
_SOF, _SOS, _EXIF = 0xC0, 0xDA, 0xE1
_RESTARTS = [bytes((0xFF, 0xD0 + number)) for number in range(8)]
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_END = b"\xff\xd9"
_WORTH_IT = 0.8
"""Share of the rows up to which decoding a part is faster than decoding the whole."""


class Window(NamedTuple):
    """A rectangle of cells; ``pixels`` are its rows and columns in the picture's array."""

    rows: range
    columns: range
    pixels: tuple[slice, slice]


class CellGrid(NamedTuple):
    """How a picture is cut: in each of ``rows``, ``across`` cells of ``blocks`` blocks."""

    blocks: int
    across: int
    rows: int

    def window(self, box: tuple[int, int, int, int], size: Size) -> Window:
        """The cells that ``box`` (left, top, right, bottom) in pixels touches within the frame."""
        wide = BLOCK * self.blocks
        left, top, right, bottom = box
        columns = range(max(left, 0) // wide, -(-min(right, size.width) // wide))
        rows = range(max(top, 0) // BLOCK, -(-min(bottom, size.height) // BLOCK))
        if not rows or not columns:
            return Window(range(0), range(0), (slice(0, 0), slice(0, 0)))
        y = slice(rows.start * BLOCK, min(rows.stop * BLOCK, size.height))
        x = slice(columns.start * wide, min(columns.stop * wide, size.width))
        return Window(rows, columns, (y, x))


@lru_cache(maxsize=64)
def grid_of(size: Size) -> CellGrid:
    """The grid of pictures of a size: cells of as nearly seven blocks as divide a row evenly."""
    wide, rows = (-(-side // BLOCK) for side in size)
    divisors = (n for n in range(wide, 0, -1) if wide % n == 0)
    blocks = min(divisors, key=lambda n: abs(n - _BLOCKS_TO_A_CELL))
    return CellGrid(blocks, wide // blocks, rows)


def encode_cells(bgr: Picture, quality: int, blocks: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR as a JPEG file with a restart marker after every so many blocks."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY, quality,
        cv2.IMWRITE_JPEG_RST_INTERVAL, blocks,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]  # fmt: skip
    done, data = cv2.imencode(".jpg", bgr, options)
    if not done:
        raise DatasetError(f"A picture of shape {bgr.shape} can't be encoded as JPEG.")
    return data.astype(np.uint8, copy=False)


class CellJpeg:
    """A JPEG file of ours, taken apart: its header, and the cells of its pixels in their order."""

    def __init__(self, data: bytes, size: Size) -> None:
        """Raises ValueError where ``data`` isn't a file of ours of that size."""
        self.data, self._size, self._grid = data, size, grid_of(size)
        segments = _segments(data)
        begin = segments[_SOS].stop
        self._head, self._height_at = data[:begin], segments[_SOF].start + 5
        self._cells = _RESTART.split(data[begin : -len(_END)])
        if len(self._cells) != self._grid.across * self._grid.rows or not data.endswith(_END):
            raise ValueError("its restart markers are not where ours are")
        self._parts = [self._head, *_with_markers(self._cells), _END]

    def with_window(self, window: Window, bgr: Picture, quality: int) -> bytes:
        """The file of this picture with other pixels in a window.

        ``bgr`` are the window's, (h, w, 3) uint8. ``quality`` must be that of this file.
        """
        if not window.rows:
            return self.data
        encoded = encode_cells(bgr, quality, self._grid.blocks)
        cells = _RESTART.split(encoded.data[len(self._head) : -len(_END)])
        parts, wide = self._parts.copy(), len(window.columns)
        for number, row in enumerate(window.rows):
            first = 1 + 2 * (row * self._grid.across + window.columns.start)
            parts[first : first + 2 * wide : 2] = cells[number * wide : (number + 1) * wide]
        return b"".join(parts)

    def decode_on(self, rgb: Picture, data: bytes, out: Picture | None = None) -> Picture | None:
        """The pixels of a file that has many rows of blocks in common with this one.

        ``rgb`` are this file's own pixels. Only rows of blocks that differ, and one more on either
        side, whose colours the decoder needs at the edge, are decoded. The result, (H, W, 3) uint8
        RGB, in ``out`` where that is given, is what decoding all of ``data`` gives; None where it
        is to be decoded as a whole.
        """
        if not (data.startswith(self._head) and data.endswith(_END)):
            return None
        cells = _RESTART.split(data[len(self._head) : -len(_END)])
        across, rows = self._grid.across, self._grid.rows
        if len(cells) != len(self._cells):
            return None
        pairs = zip(cells, self._cells, strict=True)
        differing = [number for number, (cell, mine) in enumerate(pairs) if cell != mine]
        if not differing:
            return copied(rgb, out)
        changed = range(differing[0] // across, differing[-1] // across + 1)
        given = range(max(changed.start - 1, 0), min(changed.stop + 1, rows))
        if len(given) > _WORTH_IT * rows:
            return None
        strip = self._strip(cells[given.start * across : given.stop * across], given)
        part = cv2.imdecode(strip, cv2.IMREAD_COLOR_RGB)
        if part is None:
            return None
        return np.concatenate(self._pieces(rgb, part, given, changed), out=out)

    def _strip(self, cells: list[bytes], rows: range) -> npt.NDArray[np.uint8]:
        """A JPEG file of some rows of cells."""
        height = min(rows.stop * BLOCK, self._size.height) - rows.start * BLOCK
        head = bytearray(self._head)
        head[self._height_at : self._height_at + 2] = height.to_bytes(2, "big")
        return np.frombuffer(b"".join([head, *_with_markers(cells), _END]), np.uint8)

    def _pieces(
        self, rgb: Picture, part: npt.NDArray[np.generic], given: range, changed: range
    ) -> list[Picture]:
        """``rgb`` from top to bottom, with the rows that changed out of ``part``.

        ``part`` has those of ``given``. Of a row beside them the half at their edge is taken too:
        chroma is interpolated there.
        """
        margin = BLOCK // 2
        top = max(changed.start * BLOCK - margin, 0)
        bottom = min(changed.stop * BLOCK + margin, self._size.height)
        offset = given.start * BLOCK
        middle = part[top - offset : bottom - offset].astype(np.uint8, copy=False)
        return [rgb[:top], middle, rgb[bottom:]]


def _with_markers(cells: list[bytes]) -> list[bytes]:
    """Cells with the markers that follow all but the last, counted from 0 to 7 again and again."""
    parts = [b""] * (2 * len(cells) - 1)
    parts[::2] = cells
    parts[1::2] = (_RESTARTS * (len(cells) // 8 + 1))[: len(cells) - 1]
    return parts


def jpeg_size(data: bytes) -> Size | None:
    """The size of a file such as ours: baseline, of three colours, and not to be turned by EXIF.

    None where it is no such file.
    """
    try:
        segments = _segments(data)
    except ValueError:
        return None
    frame = data[segments[_SOF]]
    if _EXIF in segments or frame[9:10] != b"\3":
        return None
    return Size(*(int.from_bytes(frame[at : at + 2], "big") for at in (7, 5)))


def _segments(data: bytes) -> dict[int, slice]:
    """Where the segments of a JPEG file's header lie, by the codes of their markers.

    Raises ValueError where it is none of one scan of baseline pixels.
    """
    found: dict[int, slice] = {}
    place = 2 if data.startswith(b"\xff\xd8") else len(data)
    while _SOS not in found and data[place : place + 1] == b"\xff" and len(data) > place + 4:
        length = 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        found[data[place + 1]] = slice(place, place + length)
        place += length
    if not {_SOF, _SOS} <= found.keys():
        raise ValueError("it is no JPEG file of ours")
    return found
