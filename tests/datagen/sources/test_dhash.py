from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.planning.duplicate_groups import MOST_BITS, duplicate_groups
from datagen.sources.dhash import dhash
from datagen.sources.reading import read_background, read_cutout


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def copies(picture: np.ndarray) -> dict[str, np.ndarray]:
    height, width = picture.shape[:2]
    quality = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    return {
        "half": cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA),
        "compressed": cv2.imdecode(quality, cv2.IMREAD_COLOR),
        "grey": cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
    }


def test_copies_are_near_and_others_far(all_pictures: Path) -> None:
    photos = [
        read_background(path.read_bytes()) for path in sorted((all_pictures / "bgs").iterdir())
    ]
    hashes = [dhash(photo) for photo in photos]
    for photo, own in zip(photos, hashes, strict=True):
        for kind, copy in copies(photo).items():
            assert distance(own, dhash(copy)) <= MOST_BITS, kind
    for number, own in enumerate(hashes):
        assert all(distance(own, other) > MOST_BITS for other in hashes[:number])


def test_cutouts_differ_too(all_pictures: Path) -> None:
    hashes = [
        dhash(read_cutout(path.read_bytes())[0])
        for path in sorted((all_pictures / "fgs").iterdir())
    ]
    near = [
        (a, b) for a in range(40) for b in range(a) if distance(hashes[a], hashes[b]) <= MOST_BITS
    ]
    assert len(near) <= 1


def test_groups_join_what_is_near() -> None:
    far = "ffffffff00000000"
    hashes = ["0" * 16, far, "0" * 15 + "f", "0" * 13 + "fff", far[:-1] + "1"]
    # The first and the third differ in 4 bits, the third and the fourth in 8, so all three join.
    assert duplicate_groups(hashes).tolist() == [0, 1, 0, 0, 1]
    assert duplicate_groups(hashes, 0).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures(count: int) -> None:
    assert duplicate_groups(["0" * 16] * count).tolist() == [0] * count
