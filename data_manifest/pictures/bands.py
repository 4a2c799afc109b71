"""Large pictures are worked on a band of rows at a time, so that what is in between stays small."""

from collections.abc import Iterator

BAND_PIXELS = 2**22


def bands(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture in slices of about four million pixels, at least a row each."""
    rows = max(1, BAND_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))
