"""Damaged and odd picture files, made of good ones by a seeded generator."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.datagen.sources import bombs, oddities
from tests.datagen.sources.good_files import Content, good_files, pick


def fuzzed(good: list[Path], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """``count`` files, each with a name that says what was done to it, number first."""
    random_ = random.Random(seed)
    samples = good_files(good)
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        ending, content = KINDS[kind](random_, samples)
        yield f"{number:04d}_{kind}{ending}", content


def _truncated(random_: random.Random, samples: list[Content]) -> Content:
    ending, content = pick(random_, samples)
    return ending, content[: random_.randrange(len(content))]


def _damaged(
    change: Callable[[random.Random, bytearray], None],
) -> Callable[[random.Random, list[Content]], Content]:
    def damage(random_: random.Random, samples: list[Content]) -> Content:
        ending, content = pick(random_, samples)
        changed = bytearray(content)
        change(random_, changed)
        return ending, bytes(changed)

    return damage


def _flip(random_: random.Random, content: bytearray) -> None:
    for _ in range(random_.choice((1, 3, 30))):
        content[random_.randrange(len(content))] ^= 1 << random_.randrange(8)


def _flip_in_header(random_: random.Random, content: bytearray) -> None:
    for _ in range(random_.choice((1, 2, 5))):
        content[random_.randrange(min(80, len(content)))] = random_.choice((0, 1, 127, 128, 255))


def _range(random_: random.Random, content: bytearray) -> slice:
    start = random_.randrange(len(content))
    return slice(start, start + random_.randint(1, 400))


def _overwrite(random_: random.Random, content: bytearray) -> None:
    where = _range(random_, content)
    content[where] = random_.randbytes(len(content[where]))


def _remove(random_: random.Random, content: bytearray) -> None:
    del content[_range(random_, content)]


def _duplicate(random_: random.Random, content: bytearray) -> None:
    where = _range(random_, content)
    content[where] = content[where] * 2


def _splice(random_: random.Random, samples: list[Content]) -> Content:
    (ending, first), (_, second) = pick(random_, samples), pick(random_, samples)
    return ending, first[: random_.randrange(len(first))] + second[random_.randrange(len(second)) :]


def _wrong_ending(random_: random.Random, samples: list[Content]) -> Content:
    return random_.choice((".jpg", ".PNG", ".webp", ".tif", ".bmp")), pick(random_, samples)[1]


def _nothing(random_: random.Random, _: list[Content]) -> Content:
    return random_.choice((".jpg", ".png", ".gif")), b"\0" * random_.choice((0, 1, 8, 5000))


KINDS: dict[str, Callable[[random.Random, list[Content]], Content]] = {
    "truncated": _truncated,
    "flipped": _damaged(_flip),
    "header": _damaged(_flip_in_header),
    "overwritten": _damaged(_overwrite),
    "removed": _damaged(_remove),
    "duplicated": _damaged(_duplicate),
    "spliced": _splice,
    "wrong_ending": _wrong_ending,
    "nothing": _nothing,
    "giant_png": bombs.giant_png,
    "giant_jpeg": bombs.giant_sides(
        ".jpeg", ">HH", 65_535, lambda data: data.index(b"\xff\xc2") + 5
    ),
    "giant_gif": bombs.giant_sides(".gif", "<HH", 65_535, lambda _: 6),
    "giant_bmp": bombs.giant_sides(".bmp", "<ii", 2**31 - 1, lambda _: 18),
    "giant_webp": bombs.giant_sides(
        ".webp", "<HH", 16_383, lambda data: data.find(b"\x9d\x01\x2a") + 3
    ),
    "giant_tiff": bombs.giant_tiff,
    "tile_bomb": bombs.tile_bomb,
    "scan_bomb": bombs.scan_bomb,
    "thin": oddities.thin,
    "sixteen_bits": oddities.sixteen,
    "cmyk": oddities.cmyk,
    "palette": oddities.palette,
    "alpha": oddities.alpha,
    "one_pixel": oddities.one_seen_pixel,
    "other": oddities.other,
    "exif": oddities.exif,
    "texts": oddities.texts,
    "later_frames": oddities.broken_later_frames,
}
