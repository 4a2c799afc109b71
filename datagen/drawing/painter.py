"""Draws samples of one task. Sources are decoded once per process, within a budget of memory."""

import hashlib
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from data_manifest.bounded_cache import BoundedCache
from data_manifest.errors import SourceError
from data_manifest.pictures.finding import read_file
from data_manifest.record import Picture, Record
from data_manifest.shards.codec import encode_jpeg
from data_manifest.shards.jpeg_cells import CellJpeg, grid_of
from datagen.drawing.blend import Look
from datagen.drawing.composite import Drawing, composite, touched
from datagen.drawing.warp import Cutout
from datagen.planning.recipe import Recipe
from datagen.sources.fitting import fit_frame
from datagen.sources.reading import read_background, read_cutout

CACHE_BYTES = 160 * 2**20


class SourceFile(NamedTuple):
    """Where a source lies, and the digest that it had when it was scanned."""

    path: Path
    sha256: str


class _Ground(NamedTuple):
    """A background as it is drawn on, (H, W, 3) uint8 BGR, and as a file.

    The file has the composites' quality; it is None for the raw codec.
    """

    pixels: Picture
    cells: CellJpeg | None


Item = TypeVar("Item", _Ground, Cutout)


@cache
def _sources() -> BoundedCache[_Ground | Cutout]:
    """Decoded sources of this process."""
    return BoundedCache(CACHE_BYTES)


class Painter:
    """Draws the samples of a recipe from source files, by their ids."""

    def __init__(
        self,
        recipe: Recipe,
        backgrounds: Mapping[str, SourceFile],
        foregrounds: Mapping[str, SourceFile],
    ) -> None:
        self._backgrounds, self._foregrounds = backgrounds, foregrounds
        self._recipe, self._grid = recipe, grid_of(recipe.size)
        self._shortest, self._longest = recipe.smallest_and_largest()
        self._look = Look(recipe.mask_threshold, recipe.feather, recipe.shadow, recipe.multi)

    def draw(self, record: Record) -> Drawing:
        """Draw one sample. Raises SourceError where a source isn't what it was."""
        layers = [(self._cutout(layer.fg), layer) for layer in record.placements]
        return composite(self._ground(record.bg).pixels, layers, self._look)

    def draw_encoded(self, record: Record) -> tuple[bytes, Drawing]:
        """Draw one sample, of fg_bg just the cells that are touched; gives fg_bg's JPEG file too.

        Raises SourceError where a source isn't what it was.
        """
        ground = self._ground(record.bg)
        assert ground.cells is not None
        layers = [(self._cutout(layer.fg), layer) for layer in record.placements]
        window = self._grid.window(touched(record.placements, self._look), self._recipe.size)
        drawing = composite(ground.pixels, layers, self._look, window.pixels)
        return ground.cells.with_window(window, drawing.fg_bg, self._recipe.quality), drawing

    def background(self, bg: str) -> Picture:
        """A background of the dataset's size, (H, W, 3) uint8 BGR."""
        return self._ground(bg).pixels

    def encoded_background(self, bg: str) -> bytes:
        """A background as the JPEG file that is stored."""
        ground, quality = self._ground(bg), self._recipe.bg_quality
        if ground.cells is not None and quality in (None, self._recipe.quality):
            return ground.cells.data
        return encode_jpeg(ground.pixels, quality or self._recipe.quality)

    def _ground(self, bg: str) -> _Ground:
        file, recipe = self._backgrounds[bg], self._recipe
        key = (file.sha256, recipe.size, recipe.fit, recipe.pad, recipe.codec, recipe.quality)
        found = _sources().get(key)
        if isinstance(found, _Ground):
            return found
        source = read_background(_content(file), max(recipe.size))
        pixels = fit_frame(source, recipe.size, recipe.fit, recipe.pad)
        if recipe.codec == "raw":
            return _put(key, _Ground(pixels, None), pixels.nbytes)
        cells = CellJpeg(encode_jpeg(pixels, recipe.quality), recipe.size)
        return _put(key, _Ground(pixels, cells), pixels.nbytes + 3 * len(cells.data))

    def _cutout(self, fg: str) -> Cutout:
        """A cut-out with the levels that the recipe's scales need."""
        file = self._foregrounds[fg]
        key = (file.sha256, self._shortest, self._longest)
        found = _sources().get(key)
        if isinstance(found, Cutout):
            return found
        made = Cutout.of(read_cutout(_content(file))[0], self._longest, self._shortest)
        return _put(key, made, made.nbytes())


def _put(key: Hashable, item: Item, nbytes: int) -> Item:
    _sources().put(key, item, nbytes)
    return item


def _content(file: SourceFile) -> bytes:
    """The file's content. Raises SourceError where it isn't what it was when the run began."""
    try:
        content = read_file(file.path)
    except SourceError as error:
        raise SourceError(f"{file.path} was there when it was scanned, but now {error}.") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SourceError(f"{file.path} has changed since it was scanned.")
    return content
