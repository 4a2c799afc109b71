"""What the files of a sample's pictures are, told from their first bytes."""

import struct
from typing import Literal

from data_manifest.errors import DatasetError
from data_manifest.record import Size
from data_manifest.shards.jpeg_cells import jpeg_size

FileStream = Literal["bg", "fg_bg", "mask", "instance", "amodal", "depth"]
_PNG_HEAD = struct.Struct(">16sIIBB")
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_GREY = 0
_BITS = {"mask": 1, "instance": 8, "amodal": 8, "depth": 16}


def is_file_of(content: bytes, stream: FileStream, size: Size) -> bool:
    """Whether ``content`` begins as a stored file of ``stream`` does.

    Pictures are JPEG files of ``size``, all others grey PNG files of it: masks of one bit, maps of
    eight, depth of sixteen.
    """
    if stream in ("bg", "fg_bg"):
        return jpeg_size(content) == size
    if len(content) < _PNG_HEAD.size:
        return False
    begin, width, height, bits, colour = _PNG_HEAD.unpack_from(content)
    found = (begin, (width, height), bits, colour)
    return found == (_PNG_BEGIN, size, _BITS[stream], _GREY)


def checked(content: bytes, stream: FileStream, size: Size, key: str) -> bytes:
    """The same bytes. Raises DatasetError where they are no file of that kind."""
    if not is_file_of(content, stream, size):
        raise DatasetError(
            f"What is stored as {stream} of {key} is no such picture of {size} pixels; "
            "`datagen verify` says what else is wrong."
        )
    return content
