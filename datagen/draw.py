"""What a worker does: draw one shard. Sources are decoded once per process, within a budget."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.codec import encode_jpeg, encode_map, encode_mask
from data_manifest.digests import file_sha256
from data_manifest.errors import SourceError
from data_manifest.header import Header
from data_manifest.pictures import read_file
from data_manifest.publish import publishing
from data_manifest.record import EncodedSample, Picture, Record
from data_manifest.shard import check_shard, create_shard
from datagen.blend import Look
from datagen.composite import Drawing, composite
from datagen.recipe import Recipe
from datagen.sources import fit_square, read_background, read_cutout
from datagen.warp import Cutout

CACHE_BYTES = 160 * 2**20


class SourceFile(NamedTuple):
    """Where a source lies, and the digest that it had when it was scanned."""

    path: Path
    sha256: str


class ShardTask(NamedTuple):
    """One shard to draw, with the sources that it uses by their ids.

    ``header`` needs no sources: a task is sent to a worker as a whole.
    """

    path: Path
    header: Header
    recipe: Recipe
    records: Sequence[Record]
    backgrounds: dict[str, SourceFile]
    foregrounds: dict[str, SourceFile]


class _Cache:
    """Decoded sources of this process; the longest unused go first when the budget is reached."""

    def __init__(self, budget: int) -> None:
        self._budget, self._held = budget, 0
        self._items: OrderedDict[object, tuple[object, int]] = OrderedDict()

    def get(self, key: object) -> object | None:
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: object, item: object, size: int) -> None:
        self._items[key] = (item, size)
        self._held += size
        while self._held > self._budget and len(self._items) > 1:
            self._held -= self._items.popitem(last=False)[1][1]


_cache = _Cache(CACHE_BYTES)


class Drawn(NamedTuple):
    """A drawn shard: its samples, how many of their masks are empty, and its SHA-256."""

    shard: str
    samples: int
    empty: int
    sha256: str


def draw_shard(task: ShardTask) -> Drawn:
    """Draw, encode and publish one shard. Raises WriteError where that fails."""
    distinct = list(dict.fromkeys(record.bg for record in task.records))
    expected = (task.header.fingerprint, len(task.records))
    with (
        publishing(task.path, check=lambda path: check_shard(path, *expected)) as temporary,
        one_opencv_thread(),
    ):
        empty = 0
        with create_shard(temporary, task.header, len(task.records), len(distinct)) as writer:
            for bg in distinct:
                writer.add_background(bg, encode_background(task, bg))
            for sample, mask in draw_samples(task):
                writer.add(sample)
                empty += not cv2.hasNonZero(mask)
    return Drawn(task.path.name, len(task.records), empty, file_sha256(task.path))


def encode_background(task: ShardTask, bg: str) -> bytes | Picture:
    """A background as it is stored."""
    recipe = task.recipe
    return _picture(load_background(task, bg), recipe.bg_quality or recipe.quality, recipe)


def draw_samples(task: ShardTask) -> Iterator[tuple[EncodedSample, Picture]]:
    """Draw and encode the samples of a task; yields each with its mask, (H, W) uint8 0 or 255."""
    recipe = task.recipe
    for record in task.records:
        drawing = draw(task, record)
        fg_bg = _picture(drawing.fg_bg, recipe.quality, recipe)
        if recipe.codec == "jpeg":
            maps = (None if part is None else encode_map(part) for part in drawing[2:])
            sample = EncodedSample(record, fg_bg, encode_mask(drawing.mask), *maps)
        else:
            sample = EncodedSample(record, fg_bg, drawing.mask > 0, *drawing[2:])
        yield sample, drawing.mask


def draw(task: ShardTask, record: Record) -> Drawing:
    """Draw one sample of a task."""
    recipe = task.recipe
    look = Look(recipe.mask_threshold, recipe.feather, recipe.shadow, recipe.multi)
    layers = [(load_cutout(task, layer.fg), layer) for layer in record.placements()]
    return composite(load_background(task, record.bg), layers, look)


def load_background(task: ShardTask, bg: str) -> Picture:
    """A background of the dataset's size, (size, size, 3) uint8 BGR."""
    file, size, fit = task.backgrounds[bg], task.recipe.size, task.recipe.fit
    found = _cache.get((file, size, fit))
    if not isinstance(found, np.ndarray):
        found = fit_square(read_background(_content(file), size), size, fit)
        _cache.put((file, size, fit), found, found.nbytes)
    return found


def load_cutout(task: ShardTask, fg: str) -> Cutout:
    """A cut-out with the levels that the recipe's scales need."""
    file = task.foregrounds[fg]
    smallest, largest = task.recipe.smallest_and_largest()
    shortest, longest = (max(1, round(part * task.recipe.size)) for part in (smallest, largest))
    found = _cache.get((file, shortest, longest))
    if not isinstance(found, Cutout):
        found = Cutout.of(read_cutout(_content(file))[0], longest, shortest)
        _cache.put((file, shortest, longest), found, found.nbytes())
    return found


def _content(file: SourceFile) -> bytes:
    """The file's content. Raises SourceError where it isn't what it was when the run began."""
    try:
        content = read_file(file.path)
    except SourceError as error:
        raise SourceError(f"{file.path} was there when the run began, but now {error}.") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SourceError(f"{file.path} has changed since the run began; run again.")
    return content


def _picture(bgr: Picture, quality: int, recipe: Recipe) -> bytes | Picture:
    return encode_jpeg(bgr, quality) if recipe.codec == "jpeg" else bgr[..., ::-1]


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Workers are processes; threads inside them would only get in each other's way."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
