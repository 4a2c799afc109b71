"""Draws samples of one task. Sources are decoded once per process, within a budget of memory."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_manifest.errors import SourceError
from data_manifest.pictures import read_file
from data_manifest.record import Picture, Record
from datagen.painting.blend import Look
from datagen.painting.composite import Drawing, composite
from datagen.painting.warp import Cutout
from datagen.planning.recipe import Recipe
from datagen.sources import fit_square, read_background, read_cutout

CACHE_BYTES = 160 * 2**20


class SourceFile(NamedTuple):
    """Where a source lies, and the digest that it had when it was scanned."""

    path: Path
    sha256: str


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


class Painter:
    """Draws the samples of a recipe from source files, by their ids."""

    def __init__(
        self,
        recipe: Recipe,
        backgrounds: Mapping[str, SourceFile],
        foregrounds: Mapping[str, SourceFile],
    ) -> None:
        self._backgrounds, self._foregrounds = backgrounds, foregrounds
        self._size, self._fit = recipe.size, recipe.fit
        bounds = (max(1, round(part * recipe.size)) for part in recipe.smallest_and_largest())
        self._shortest, self._longest = bounds
        self._look = Look(recipe.mask_threshold, recipe.feather, recipe.shadow, recipe.multi)

    def draw(self, record: Record) -> Drawing:
        """Draw one sample. Raises SourceError where a source isn't what it was."""
        layers = [(self._cutout(layer.fg), layer) for layer in record.placements()]
        return composite(self.background(record.bg), layers, self._look)

    def background(self, bg: str) -> Picture:
        """A background of the dataset's size, (size, size, 3) uint8 BGR."""
        file = self._backgrounds[bg]
        key = (file.sha256, self._size, self._fit)
        found = _cache.get(key)
        if not isinstance(found, np.ndarray):
            found = fit_square(read_background(_content(file), self._size), self._size, self._fit)
            _cache.put(key, found, found.nbytes)
        return found

    def _cutout(self, fg: str) -> Cutout:
        """A cut-out with the levels that the recipe's scales need."""
        file = self._foregrounds[fg]
        key = (file.sha256, self._shortest, self._longest)
        found = _cache.get(key)
        if not isinstance(found, Cutout):
            found = Cutout.of(read_cutout(_content(file))[0], self._longest, self._shortest)
            _cache.put(key, found, found.nbytes())
        return found


def _content(file: SourceFile) -> bytes:
    """The file's content. Raises SourceError where it isn't what it was when the run began."""
    try:
        content = read_file(file.path)
    except SourceError as error:
        raise SourceError(f"{file.path} was there when it was scanned, but now {error}.") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SourceError(f"{file.path} has changed since it was scanned.")
    return content
