"""Memory stays bounded whatever a file holds or claims, and large pictures look as they should."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import SourceError
from data_manifest.pictures.decoding import decode, decode_upright
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.limits import LARGE_PIXELS, MOST_BYTES, MOST_PIXELS
from data_manifest.record import Size
from datagen.sources.fitting import fit_frame
from datagen.sources.reading import measure_background, read_background
from tests.conftest import ROOT
from tests.datagen.sources.bombs import tiff
from tests.datagen.sources.good_files import saved

WIDE, HIGH = 11_600, 7_760  # 90 million pixels
SCAN = """
import sys
from pathlib import Path
from datagen.sources.scan import scan
from tests.datagen.watch import peak
before = peak("self")
found = scan("bg", Path(sys.argv[1]), workers=4, strict=False, quiet=True)
print(len(found.sources), *found.sources[0].size, peak("self") - before)
"""


@pytest.fixture(scope="module")
def china(pictures: Path) -> Image.Image:
    with Image.open(pictures / "bgs" / "china.jpg") as image:
        image.load()
        return image


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("ending", "options", "most_mib"),
    [
        (".jpg", {}, 250),
        (".jpg", {"progressive": True}, 700),
        (".png", {"compress_level": 1}, 1300),
    ],
)
def test_scanning_ninety_megapixels(
    ending: str, options: dict[str, object], most_mib: int, china: Image.Image, tmp_path: Path
) -> None:
    """Two at once on four threads, in a process of its own."""
    large = china.resize((WIDE, HIGH), Image.Resampling.NEAREST)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"a{ending}").write_bytes(saved(large, ending, **options))
    (tmp_path / "in" / f"b{ending}").symlink_to(tmp_path / "in" / f"a{ending}")
    del large
    done = subprocess.run(
        [sys.executable, "-c", SCAN, str(tmp_path / "in")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, width, height, mib = map(int, done.stdout.split())
    assert (count, width, height) == (2, WIDE, HIGH)
    assert 0 < mib < most_mib


def test_a_large_jpeg_looks_as_it_should(china: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(china.resize((6400, 4270)), ".jpg", quality=95, exif=exif)
    full, (pixels, size) = decode_upright(content, "RGB"), decode(content, "RGB", 200)
    assert full.shape == (6400, 4270, 3) and size == (4270, 6400)
    assert pixels.shape[:2] == (800, 534), "an eighth, still more than twice 200"
    for side, reduced in ((200, True), (1000, True), (1100, False)):
        read = read_background(content, side)
        assert (read.shape[1] < size[0]) == reduced
        assert min(read.shape[:2]) >= 2 * side or not reduced
        squares = (
            fit_frame(part, Size(side, side), "crop").astype(int)
            for part in (read, full[..., ::-1])
        )
        assert np.abs(next(squares) - next(squares)).mean() < 1.5
    assert measure_background(content).size == size


def test_ordinary_pictures_are_read_in_full(china: Image.Image) -> None:
    content = saved(china.resize((4000, 3000)), ".jpg")
    assert LARGE_PIXELS > 4000 * 3000
    assert np.array_equal(
        read_background(content, 16),
        cv2.cvtColor(decode_upright(content, "RGB"), cv2.COLOR_RGB2BGR),
    )


def test_too_many_pixels(china: Image.Image) -> None:
    assert MOST_PIXELS < 10_001 * 10_000
    content = saved(Image.new("1", (10_001, 10_000)), ".png")
    with pytest.raises(SourceError, match="its 10001 x 10000 pixels are more than 100,000,000"):
        decode_upright(content, "RGB")
    with pytest.raises(SourceError, match=r"its pixels are more than 100,000,000"):
        decode_upright(b"P6\n60000 60000\n255\n", "RGB")
    deep = saved(china.convert("RGB").resize((8, 8)), ".tif")
    tags: dict[int, tuple[int, ...]] = {256: (8000,), 257: (8000,), 258: (16,) * 3, 259: (1,)}
    tags |= {262: (2,), 273: (8,), 277: (3,), 278: (8000,), 279: (384_000_000,)}
    with pytest.raises(SourceError, match="8000 x 8000 pixels are more than 50,000,000"):
        decode_upright(tiff(tags, deep), "RGB")
    with pytest.raises(SourceError, match="8000 x 8000 pixels are more than 25,000,000"):
        decode_upright(tiff({**tags, 258: (32,) * 3}, deep), "RGB")


def test_too_many_bytes(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(SourceError, match="its 536,870,913 bytes are more than 536,870,912"):
        read_file(tmp_path / "a.png")
