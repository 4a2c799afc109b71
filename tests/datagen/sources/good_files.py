"""Small good pictures in every format: what the fuzzer damages."""

import io
import random
from pathlib import Path

from PIL import Image

Content = tuple[str, bytes]
"""A file's ending and what it holds."""


def saved(image: Image.Image, ending: str, **options: object) -> bytes:
    """A picture as a file of that ending."""
    file = io.BytesIO()
    image.save(file, Image.registered_extensions()[ending], **options)
    return file.getvalue()


def good_files(good: list[Path]) -> list[Content]:
    """The good pictures, small, in every format."""
    found = []
    for path in good:
        with Image.open(path) as image:
            small = image.convert("RGBA" if image.has_transparency_data else "RGB")
            small.thumbnail((160, 160))
        for ending in (".png", ".webp", ".tif", ".gif", ".tga", ".jp2", ".avif"):
            if ending in Image.registered_extensions():
                found.append((ending, saved(small, ending)))
        found.append((".tif", saved(small, ".tif", compression="tiff_lzw")))
        found.append((".tiff", saved(small, ".tif", compression="tiff_adobe_deflate")))
        exif = Image.Exif()
        exif[0x0112], exif[0x010E], exif[0x8769] = 6, "words", {0x9003: "2020:01:01 00:00:00"}
        rgb = small.convert("RGB")
        found.append((".jpg", saved(rgb, ".jpg", exif=exif)))
        found.append((".jpeg", saved(rgb, ".jpg", progressive=True)))
        found += [(ending, saved(rgb, ending)) for ending in (".bmp", ".ppm")]
    return found


def pick(random_: random.Random, samples: list[Content], *endings: str) -> Content:
    """Any of the samples, or any with one of these endings."""
    return random_.choice([one for one in samples if not endings or one[0] in endings])


def picked_image(random_: random.Random, samples: list[Content], mode: str) -> Image.Image:
    """Any of the good pictures in a Pillow mode."""
    _, content = pick(random_, samples, ".png")
    with Image.open(io.BytesIO(content)) as image:
        return image.convert(mode)
