"""Pictures to bytes and back, with OpenCV.

Composites and backgrounds are JPEG (see ``jpeg_cells``), masks are 1-bit PNG (always lossless,
always binary), depth in zip shards is 16-bit PNG. Encoders take OpenCV's channel order, BGR;
decoders give RGB.
"""

import struct
import zlib
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError
from data_manifest.pictures.limits import MOST_PIXELS
from data_manifest.pictures.opencv import decode_any
from data_manifest.record import MASK_FROM, Mask, Picture, Size
from data_manifest.shards.jpeg_cells import encode_cells, grid_of

_PNG = b"\x89PNG\r\n\x1a\n"
_MASK_DEPTH = b"\1\0\0\0\0"  # one bit of grey, deflated, filtered row by row, not interlaced
_MASK_HEAD = struct.Struct(">8sI4sII5sI")
_CHUNK_HEAD = struct.Struct(">I4s")
_MAP_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_DEPTH_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 3]


def encode_jpeg(bgr: Picture, quality: int) -> bytes:
    """(H, W, 3) uint8 BGR as a JPEG file in cells; ``quality`` is libjpeg's, 1 to 100."""
    return encode_cells(bgr, quality, grid_of(Size.of(bgr)).blocks).tobytes()


def encode_png(bgr: Picture) -> bytes:
    """(H, W, 3) uint8 BGR as a PNG file, losslessly."""
    return _encode(".png", bgr, _MAP_PNG)


def encode_mask(mask: Picture | Mask) -> bytes:
    """(H, W), 0 or not, as a 1-bit PNG file (PNG specification, sections 5 and 11).

    Half the time of OpenCV's: the picture is packed to bits first, no filter helps with bits, and
    run lengths are all that deflate need look for.
    """
    height, width = mask.shape
    stride = (width + 7) // 8
    rows = np.zeros((height, 1 + stride), np.uint8)
    # Where rows end at the end of a byte, packing them all as one is twice as fast.
    rows[:, 1:] = np.packbits(mask, axis=None if width % 8 == 0 else 1).reshape(height, stride)
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    data = deflate.compress(rows.tobytes()) + deflate.flush()
    return b"".join((_mask_head(width, height), _png_chunk(b"IDAT", data), _png_chunk(b"IEND")))


@lru_cache(maxsize=8)
def _mask_head(width: int, height: int) -> bytes:
    """All of a mask's file that comes before its pixels."""
    return _PNG + _png_chunk(b"IHDR", struct.pack(">II", width, height) + _MASK_DEPTH)


def _png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def encode_map(values: Picture) -> bytes:
    """(H, W) uint8 of small numbers as an 8-bit PNG file."""
    return _encode(".png", values, _MAP_PNG)


def encode_depth(stored: npt.NDArray[np.uint16]) -> bytes:
    """(H, W) uint16 as a 16-bit PNG file."""
    return _encode(".png", stored, _DEPTH_PNG)


def decode_rgb(data: bytes) -> Picture:
    """A JPEG or PNG file as (H, W, 3) uint8 RGB. Raises DatasetError where it doesn't decode."""
    return decode_any(data, cv2.IMREAD_COLOR_RGB).astype(np.uint8, copy=False)


def decode_mask(data: bytes) -> Mask:
    """A PNG file as (H, W) bool, True from grey value 128 up."""
    mask = _own_mask(data)
    if mask is None:
        return np.asarray(decode_any(data, cv2.IMREAD_GRAYSCALE) >= MASK_FROM)
    return mask


def _own_mask(data: bytes) -> Mask | None:
    """The mask in a file as ``encode_mask`` writes it, None of any other; OpenCV takes five times
    as long."""
    begin = _MASK_HEAD.size + _CHUNK_HEAD.size
    if len(data) < begin:
        return None
    signature, _, _, width, height, depth, _ = _MASK_HEAD.unpack_from(data)
    length, kind = _CHUNK_HEAD.unpack_from(data, _MASK_HEAD.size)
    stride = 1 + (width + 7) // 8
    ours = (signature, depth, kind) == (_PNG, _MASK_DEPTH, b"IDAT")
    if not ours or not 0 < width * height <= MOST_PIXELS:
        return None
    inflate = zlib.decompressobj()
    try:
        rows = inflate.decompress(data[begin : begin + length], stride * height)
    except zlib.error:
        return None
    if len(rows) != stride * height or not inflate.eof:
        return None
    table = np.frombuffer(rows, np.uint8).reshape(height, stride)
    if table[:, 0].any():
        return None
    bits = np.unpackbits(table[:, 1:], axis=1)
    return np.ascontiguousarray(bits[:, :width]).view(np.bool_)


def decode_map(data: bytes) -> Picture:
    """An 8-bit PNG file as (H, W) uint8."""
    return decode_any(data, cv2.IMREAD_GRAYSCALE).astype(np.uint8, copy=False)


def decode_depth(data: bytes) -> npt.NDArray[np.uint16]:
    """A 16-bit PNG file as (H, W) uint16."""
    return decode_any(data, cv2.IMREAD_UNCHANGED).astype(np.uint16, copy=False)


def _encode(ending: str, picture: npt.NDArray[np.integer], options: list[int]) -> bytes:
    done, data = cv2.imencode(ending, picture, options)
    if not done:
        raise DatasetError(f"A picture of shape {picture.shape} can't be encoded as {ending}.")
    return data.tobytes()
