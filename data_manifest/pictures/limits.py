"""How large pictures may be, so that decoding one never takes more memory than it should."""

from data_manifest.errors import SourceError

MOST_PIXELS = 100_000_000
MOST_DEEP_PIXELS = MOST_PIXELS // 2
"""For colour of 16 bits and more, which is held at full depth before it is reduced."""
LARGE_PIXELS = 25_000_000
"""From here on pictures are worth some care: the sensors of ordinary cameras have fewer."""
MOST_BYTES = 2**29
LARGE_BYTES = 2**25


def check_size(width: int, height: int, most: int = MOST_PIXELS) -> None:
    """Raises SourceError where a picture has more than ``most`` pixels."""
    if width * height > most:
        raise SourceError(f"its {width} x {height} pixels are more than {most:,}")
