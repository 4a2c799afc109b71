"""Pictures that are whole but odd, and files that are no pictures."""

import io
import random
import struct
import zipfile

import cv2
import numpy as np
from PIL import PngImagePlugin

from tests.datagen.sources.good_files import Content, pick, picked_image, saved


def thin(random_: random.Random, samples: list[Content]) -> Content:
    """A line, a dot, or hardly more."""
    mode = random_.choice(("RGB", "RGBA"))
    size = random_.choice(((1, 1), (1, 5000), (5000, 1), (2, 2), (70_000, 1), (1, 70_000)))
    return ".png", saved(picked_image(random_, samples, mode).resize(size), ".png")


def sixteen(random_: random.Random, samples: list[Content]) -> Content:
    """Sixteen bits a level."""
    mode = random_.choice(("L", "RGB", "RGBA"))
    ending = random_.choice((".png", ".tif"))
    deep = np.asarray(picked_image(random_, samples, mode)).astype(np.uint16) * 257
    return ending, cv2.imencode(ending, deep)[1].tobytes()


def cmyk(random_: random.Random, samples: list[Content]) -> Content:
    """Four inks."""
    ending = random_.choice((".jpg", ".tif"))
    return ending, saved(picked_image(random_, samples, "CMYK"), ending)


def palette(random_: random.Random, samples: list[Content]) -> Content:
    """A palette in which some colours are transparent."""
    image = picked_image(random_, samples, "RGB").quantize(random_.choice((2, 16, 200)))
    clear = random_.choice((0, bytes(range(200)), 255, 999))
    clear = clear if clear != 999 else bytes(256)
    return ".png", saved(image, ".png", transparency=clear)


def alpha(random_: random.Random, samples: list[Content]) -> Content:
    """The same alpha everywhere."""
    image = picked_image(random_, samples, "RGBA")
    image.putalpha(random_.choice((0, 1, 3, 127, 128, 254, 255)))
    return ".png", saved(image, ".png")


def one_seen_pixel(random_: random.Random, samples: list[Content]) -> Content:
    """Transparent but for a few pixels."""
    image = picked_image(random_, samples, "RGBA")
    image.putalpha(0)
    for _ in range(random_.choice((1, 3))):
        image.putpixel((random_.randrange(image.width), random_.randrange(image.height)), (9,) * 3)
        image.putpixel((image.width // 2, 0), (200, 0, 0, 255))
    return ".png", saved(image, ".png")


def other(random_: random.Random, samples: list[Content]) -> Content:
    """No picture at all."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.png", pick(random_, samples, ".png")[1])
    return random_.choice(
        (
            (".png", b"I am a text.\nOf two lines.\n"),
            (".jpg", b"<!DOCTYPE html><html><body>404 Not Found</body></html>"),
            (".png", packed.getvalue()),
            (".webp", random_.randbytes(3000)),
            (".tif", b"II*\0" + random_.randbytes(300)),
            (".jpg", b"\xff\xd8\xff" + random_.randbytes(300)),
            (".gif", b"GIF89a" + random_.randbytes(300)),
            (".bmp", b"BM" + random_.randbytes(300)),
            (".ppm", b"P6\n99999 99999\n255\n"),
            (".pgm", b"P5\n" + b"9" * 300),
        )
    )


def exif(random_: random.Random, samples: list[Content]) -> Content:
    """A JPEG with junk where its EXIF would be."""
    ending, content = pick(random_, samples, ".jpg")
    nested = b"Exif\0\0" + random_.choice((b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0", b""))
    junk = nested * random_.randint(1, 40) + random_.randbytes(random_.choice((0, 40, 4000)))
    segment = b"\xff\xe1" + struct.pack(">H", len(junk) + 2) + junk
    return ending, content[:2] + segment * random_.randint(1, 3) + content[2:]


def texts(random_: random.Random, samples: list[Content]) -> Content:
    """A PNG with up to megabytes of text."""
    notes = PngImagePlugin.PngInfo()
    for number in range(random_.randint(1, 5)):
        text = "x" * random_.choice((10, 10_000, 3_000_000))
        notes.add_text(f"note {number}", text, zip=random_.random() < 0.7)
    return ".png", saved(picked_image(random_, samples, "RGBA"), ".png", pnginfo=notes)


def broken_later_frames(random_: random.Random, samples: list[Content]) -> Content:
    """An animation that is damaged beyond its first half."""
    ending = random_.choice((".png", ".gif", ".webp"))
    first = picked_image(random_, samples, "RGBA")
    others = [first.rotate(angle) for angle in (30, 60, 90)]
    content = bytearray(saved(first, ending, save_all=True, append_images=others))
    where = random_.randrange(len(content) // 2, len(content))
    if random_.random() < 0.5:
        return ending, bytes(content[:where])
    content[where : where + 50] = random_.randbytes(50)
    return ending, bytes(content)
