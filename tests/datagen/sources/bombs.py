"""Pictures whose headers promise giants, and files that unpack to them."""

import random
import struct
import zlib
from collections.abc import Callable

from tests.datagen.sources.good_files import Content, pick


def _sides(random_: random.Random, most: int) -> tuple[int, int]:
    return random_.choice(((most, most), (most, 1), (1, most), (most, most // 2), (0, most)))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with its right checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def giant_png(random_: random.Random, samples: list[Content]) -> Content:
    """Giant sides in a PNG header, whose checksum is right."""
    _, content = pick(random_, samples, ".png")
    sides = struct.pack(">II", *_sides(random_, random_.choice((2**31 - 1, 60_000, 12_000))))
    return ".png", content[:8] + chunk(b"IHDR", sides + content[24:29]) + content[33:]


def giant_sides(
    ending: str, form: str, most: int, place: Callable[[bytes], int]
) -> Callable[[random.Random, list[Content]], Content]:
    """Puts giant sides where ``place`` finds them in files of an ending."""

    def giant(random_: random.Random, samples: list[Content]) -> Content:
        found, content = pick(random_, samples, ending)
        changed, start = bytearray(content), place(content)
        data = struct.pack(form, *_sides(random_, most))
        changed[start : start + len(data)] = data
        return found, bytes(changed)

    return giant


def giant_tiff(random_: random.Random, samples: list[Content]) -> Content:
    """Giant numbers in the tags that describe a TIFF file's pixels."""
    ending, content = pick(random_, samples, ".tif", ".tiff")
    changed = bytearray(content)
    (start,) = struct.unpack_from("<I", content, 4)
    for entry in range(struct.unpack_from("<H", content, start)[0]):
        at = start + 2 + 12 * entry
        tag = struct.unpack_from("<H", content, at)[0]
        if tag in random_.choice(((256, 257), (256,), (257, 278), (258,), (277,), (279,), (273,))):
            most = random_.choice((2**31, 60_000, 0, 2**32 - 1))
            struct.pack_into("<HHII", changed, at, tag, 4, 1, most)
    return ending, bytes(changed)


def tiff(tags: dict[int, tuple[int, ...]], data: bytes) -> bytes:
    """A little-endian TIFF file: its pixel data, and a directory of tags of 32-bit numbers."""
    start = 8 + len(data) + len(data) % 2
    later, beyond = b"", start + 2 + 12 * len(tags) + 4
    directory = struct.pack("<H", len(tags))
    for tag, values in sorted(tags.items()):
        at = values[0] if len(values) == 1 else beyond + len(later)
        directory += struct.pack("<HHII", tag, 4, len(values), at)
        if len(values) > 1:
            later += struct.pack(f"<{len(values)}I", *values)
    head = struct.pack("<2sHI", b"II", 42, start)
    return head + data.ljust(start - 8, b"\0") + directory + bytes(4) + later


def tile_bomb(random_: random.Random, _: list[Content]) -> Content:
    """A TIFF of a few pixels in a tile of hundreds of millions, all but nothing when deflated."""
    side = random_.choice((2**15, 2**14 + 2**13))
    data = zlib.compress(bytes(1_000_000))
    tags: dict[int, tuple[int, ...]] = {256: (10,), 257: (10,), 258: (8, 8, 8), 259: (8,)}
    tags |= {262: (2,), 277: (3,), 322: (side,), 323: (side,), 324: (8,), 325: (len(data),)}
    return ".tif", tiff(tags, data)


def scan_bomb(random_: random.Random, samples: list[Content]) -> Content:
    """A progressive JPEG whose last scan comes thousands of times."""
    ending, content = pick(random_, samples, ".jpeg")
    last = content.rindex(b"\xff\xda")
    return ending, content[:-2] + content[last:-2] * 3000 + content[-2:]
