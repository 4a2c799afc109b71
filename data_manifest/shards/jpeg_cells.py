"""JPEG files whose parts can be told apart: cells, runs of blocks between restart markers.

A restart marker resets the decoder (ITU-T T.81, F.1.1.5), so a cell's bytes depend on its own
pixels alone. In a composite every cell that no foreground touches is the background's own: those
that are touched are encoded, the others copied, and the file is the one that encoding the whole
picture gives, byte for byte. Reading goes the same way back.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError
from data_manifest.record import Picture, Size

BLOCK = 16  # pixels either way of a unit of two luma blocks by two, as 4:2:0 has them
_BLOCKS_TO_A_CELL = 7  # wide cells copy less, narrow ones cost five bytes each; measured at 224 px
_SOF, _SOS, _EXIF = 0xC0, 0xDA, 0xE1
_END = b"\xff\xd9"
_WORTH_IT = 0.8
"""Share of the rows up to which decoding a part is faster than decoding the whole."""


class Grid(NamedTuple):
    """How a picture is cut: in each of ``rows``, ``across`` cells of ``blocks`` blocks."""

    blocks: int
    across: int
    rows: int

    def window(self, box: tuple[int, int, int, int], size: Size) -> "Window":
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


class Window(NamedTuple):
    """A rectangle of cells; ``pixels`` are its rows and columns in the picture's array."""

    rows: range
    columns: range
    pixels: tuple[slice, slice]


@lru_cache(maxsize=64)
def grid_of(size: Size) -> Grid:
    """The grid of pictures of a size: cells of as nearly seven blocks as divide a row evenly."""
    wide, rows = (-(-side // BLOCK) for side in size)
    divisors = (n for n in range(wide, 0, -1) if wide % n == 0)
    blocks = min(divisors, key=lambda n: abs(n - _BLOCKS_TO_A_CELL))
    return Grid(blocks, wide // blocks, rows)


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
    """A JPEG file of ours, taken apart: ``head`` before the pixels, and ``cells`` in their order.

    Each cell ends with the marker that follows it. ``size`` is the picture's.
    """

    def __init__(self, data: bytes, size: Size) -> None:
        """Raises ValueError where ``data`` isn't a file of ours of that size."""
        self.data, self.size, self.grid = data, size, grid_of(size)
        segments = _segments(data)
        begin = segments[_SOS].stop
        self.head, self._height_at = data[:begin], segments[_SOF].start + 5
        ends = self._cell_ends(np.frombuffer(data, np.uint8), begin)
        if ends is None or not data.endswith(_END):
            raise ValueError("its restart markers are not where ours are")
        starts = [begin, *ends[:-1]]
        self.cells = [data[a:b] for a, b in zip(starts, ends, strict=True)]
        self._follows = [cell[-2:] for cell in self.cells]
        across = self.grid.across
        self.rows = [
            data[a:b] for a, b in zip(starts[::across], ends[across - 1 :: across], strict=True)
        ]

    def _cell_ends(self, data: npt.NDArray[np.uint8], begin: int) -> list[int] | None:
        marks = restarts(data, begin)
        if len(marks) + 1 != self.grid.across * self.grid.rows:
            return None
        return [*(marks + 2).tolist(), len(data)]

    def with_window(self, window: Window, bgr: Picture, quality: int) -> bytes:
        """The file of this picture with other pixels in a window.

        ``bgr`` are the window's, (h, w, 3) uint8. ``quality`` must be that of this file.
        """
        if not window.rows:
            return self.data
        encoded = encode_cells(bgr, quality, self.grid.blocks)
        data, begin = encoded.tobytes(), len(self.head)
        ends = [*restarts(encoded, begin).tolist(), len(data) - len(_END)]
        starts = [begin, *(end + 2 for end in ends)]
        across, cells = self.grid.across, self.cells.copy()
        numbers = (row * across + column for row in window.rows for column in window.columns)
        for number, start, end in zip(numbers, starts, ends, strict=False):
            cells[number] = data[start:end] + self._follows[number]
        return self.head + b"".join(cells)

    def decode_on(self, rgb: Picture, data: bytes) -> Picture | None:
        """The pixels of a file that has many rows of blocks in common with this one.

        ``rgb`` are this file's own pixels. Only rows of blocks that differ, and one more on either
        side, whose colours the decoder needs at the edge, are decoded. The result, (H, W, 3) uint8
        RGB, is what decoding all of ``data`` gives; None where it is to be decoded as a whole.
        """
        begin = len(self.head)
        if not data.startswith(self.head):
            return None
        ends = self._cell_ends(np.frombuffer(data, np.uint8), begin)
        if ends is None:
            return None
        across, rows = self.grid.across, self.grid.rows
        stops = ends[across - 1 :: across]
        starts = [begin, *stops[:-1]]
        differing = [row for row in range(rows) if data[starts[row] : stops[row]] != self.rows[row]]
        if not differing:
            return rgb.copy()
        first, last = max(differing[0] - 1, 0), min(differing[-1] + 1, rows - 1)
        if last + 1 - first > _WORTH_IT * rows:
            return None
        marks = np.array(ends[first * across : (last + 1) * across - 1], np.int64)
        strip = self._strip(data[starts[first] : stops[last]], marks - starts[first], first, last)
        part = cv2.imdecode(strip, cv2.IMREAD_COLOR_RGB)
        return None if part is None else self._put(rgb, part, (first, last), differing)

    def _strip(
        self, pixels: bytes, ends: npt.NDArray[np.int64], first: int, last: int
    ) -> npt.NDArray[np.uint8]:
        """A JPEG file of rows ``first`` to ``last``; ``ends`` are where cells but the last end."""
        top, bottom = first * BLOCK, min((last + 1) * BLOCK, self.size.height)
        file = np.frombuffer(bytearray(self.head + pixels), np.uint8)
        file[self._height_at : self._height_at + 2] = divmod(bottom - top, 256)
        file[len(self.head) + ends - 1] = 0xD0 + np.arange(len(ends)) % 8
        file[-2:] = 0xFF, 0xD9
        return file

    def _put(
        self, rgb: Picture, part: npt.NDArray[np.generic], given: tuple[int, int], rows: list[int]
    ) -> Picture:
        """``rgb`` with the decoded rows ``given``, without what only lies beside ``rows``."""
        first, last = given
        top = first * BLOCK if rows[0] == first else first * BLOCK + BLOCK // 2
        bottom = (last + 1) * BLOCK if rows[-1] == last else last * BLOCK + BLOCK // 2
        offset = first * BLOCK
        return np.concatenate([rgb[:top], part[top - offset : bottom - offset], rgb[bottom:]])


def restarts(data: npt.NDArray[np.uint8], begin: int) -> npt.NDArray[np.int64]:
    """Where restart markers begin in a JPEG file's bytes, (n,); ``begin`` is where pixels do."""
    found = np.flatnonzero(data[begin:-1] == 0xFF) + begin
    return np.asarray(found[(data[found + 1] & 0xF8) == 0xD0])


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
