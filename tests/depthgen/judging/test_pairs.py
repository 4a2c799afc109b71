from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

from data_manifest.errors import SourceError, UsageError
from depthgen.config import PairLayout
from depthgen.judging.layouts import match
from depthgen.judging.pairs import LAYOUTS, find_pairs, read_pair

KITTI = "2011_09_26_drive_0002_sync_{}_{:010d}_image_02.png"


def write(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1] if picture.ndim == 3 else picture)
    return path


def write_layout(folder: Path, encoding: str, rgb: np.ndarray, millimetres: np.ndarray) -> None:
    """Two pictures in the layout of an encoding, the second one half as far."""
    for number in (0, 1):
        mm = millimetres >> number
        match encoding:
            case "millimetres":
                write(folder / "room" / f"{number}.rgb.png", rgb)
                write(folder / "room" / f"{number}.depth.png", mm)
            case "nyu":
                write(folder / "rgb" / f"0{number}.png", rgb)
                write(folder / "depth" / f"0{number}.png", mm)
            case "kitti":
                write(folder / "image" / KITTI.format("image", number), rgb)
                levels = np.rint(mm * 0.256).astype(np.uint16)
                name = KITTI.format("groundtruth_depth", number)
                write(folder / "groundtruth_depth" / name, levels)
            case "tum":
                write(folder / "rgb" / f"{1305031102 + number}.175304.png", rgb)
                write(folder / "depth" / f"{1305031102 + number}.160407.png", mm * 5)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("millimetres", ["room/0", "room/1"]),
        ("nyu", ["00", "01"]),
        ("kitti", [Path(KITTI.format("image", number)).stem for number in (0, 1)]),
        ("tum", ["1305031102.175304", "1305031103.175304"]),
    ],
)
def test_every_layout_gives_the_same_pictures(motorcycle, tmp_path: Path, encoding, names) -> None:
    write_layout(tmp_path, encoding, *motorcycle)
    pairs = find_pairs(tmp_path, encoding)
    assert [pair.name for pair in pairs] == names
    for number, pair in enumerate(pairs):
        rgb, depth = read_pair(pair)
        expected = (motorcycle.millimetres >> number) / 1000
        assert np.array_equal(rgb, motorcycle.rgb)
        assert depth.dtype == np.float32
        assert np.abs(depth - expected).max() <= (0.5 / 256 if encoding == "kitti" else 1e-6)
        assert np.array_equal(depth == 0, expected == 0)


def test_encodings_are_all_tried() -> None:
    assert set(LAYOUTS) == set(get_args(PairLayout)) == {"millimetres", "nyu", "kitti", "tum"}


def test_jpegs_are_pictures_too(motorcycle, tmp_path: Path) -> None:
    for rgb, depth in (("a.rgb.jpg", "a.depth.png"), ("rgb/b.jpg", "depth/b.png")):
        write(tmp_path / rgb, motorcycle.rgb)
        write(tmp_path / depth, motorcycle.millimetres)
    (beside,) = find_pairs(tmp_path, "millimetres")
    (apart,) = find_pairs(tmp_path, "nyu")
    for pair in (beside, apart):
        rgb, depth = read_pair(pair)
        assert np.abs(rgb.astype(int) - motorcycle.rgb).mean() < 8
        assert np.array_equal(depth, motorcycle.true_m)


def small(folder: Path, *names: str) -> None:
    for name in names:
        write(folder / name, np.full((4, 6), 1000, np.uint16))


def test_times_are_matched_one_to_one_the_nearest_first(tmp_path: Path) -> None:
    small(tmp_path, "rgb/1.000.png", "rgb/1.010.png", "rgb/2.000.png", "rgb/3.000.png")
    small(tmp_path, "depth/1.012.png", "depth/0.985.png", "depth/2.021.png", "depth/3.020.png")
    found = [(p.rgb.name, p.depth.name) for p in find_pairs(tmp_path, "tum")]
    assert found[:2] == [("1.000.png", "0.985.png"), ("1.010.png", "1.012.png")]
    assert "2.000.png" not in [rgb for rgb, _ in found]


def test_the_nearest_wins_over_the_first() -> None:
    assert match([1.000, 1.010], [1.028, 1.009], 0.02) == [(1, 1)]
    assert match([5.0, 1.0, 3.0], [3.0, 5.0, 1.0], 0.5) == [(0, 1), (1, 2), (2, 0)]
    assert match([], [1.0], 0.5) == []


@pytest.mark.parametrize("turned", [False, True])
def test_a_list_of_associations_wins(tmp_path: Path, turned: bool) -> None:
    small(tmp_path, "rgb/1.00.png", "rgb/2.00.png", "depth/1.01.png", "depth/9.00.png")
    files = ["1.00 rgb/1.00.png", "9.00 depth/9.00.png"]
    line = " ".join(reversed(files) if turned else files)
    (tmp_path / "associations.txt").write_text(f"# times\n\n{line}\n")
    (pair,) = find_pairs(tmp_path, "tum")
    assert (pair.name, pair.rgb.name, pair.depth.name) == ("1.00", "1.00.png", "9.00.png")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.00 rgb/1.00.png 1.01\n", "Line 1 of .* expected: SECONDS rgb/FILE"),
        ("1.00 rgb/1.00.png 2.00 depth/2.00.png\n", r"names .*2\.00\.png, which is not there"),
        ("# nothing\n", "holds no pictures with depth"),
        (b"\xff\xfe\xff", "not a text file"),
    ],
)
def test_a_bad_list_is_a_sentence(tmp_path: Path, text: str | bytes, said: str) -> None:
    small(tmp_path, "rgb/1.00.png", "depth/1.01.png")
    (tmp_path / "associations.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError, match=said):
        find_pairs(tmp_path, "tum")


@pytest.mark.parametrize(
    ("encoding", "files", "said"),
    [
        ("millimetres", ["a.rgb.png"], "a.rgb.png has no depth"),
        ("millimetres", ["a.rgb.png", "a.depth.png", "b.depth.png"], "b.depth.png has no picture"),
        ("millimetres", ["a.png"], r"no pictures with depth; expected NAME\.rgb"),
        ("nyu", ["rgb/a.png"], "no folder .*depth"),
        ("nyu", ["rgb/a.png", "depth/b.png"], "a.png has no depth"),
        ("nyu", ["rgb/a.png", "depth/a.png", "depth/b.png"], "b.png has no picture"),
        ("kitti", ["image/a_image_1.png", "groundtruth_depth/a_image_1.png"], "has no depth"),
        ("tum", ["rgb/one.png", "depth/1.png"], "not named by its time"),
        ("tum", ["rgb/1.0.png", "depth/1.1.png"], "within 0.02 s"),
    ],
)
def test_a_missing_partner_is_a_sentence(tmp_path: Path, encoding, files, said: str) -> None:
    small(tmp_path, *files)
    with pytest.raises(UsageError, match=said):
        find_pairs(tmp_path, encoding)


@pytest.mark.parametrize("encoding", LAYOUTS)
def test_an_empty_or_missing_folder_is_a_sentence(tmp_path: Path, encoding) -> None:
    with pytest.raises(UsageError, match=r"holds no pictures|There is no folder"):
        find_pairs(tmp_path, encoding)
    with pytest.raises(UsageError, match="There is no folder"):
        find_pairs(tmp_path / "nowhere", encoding)


def test_an_unknown_encoding_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose from millimetres, nyu, kitti, tum"):
        find_pairs(tmp_path, "metres")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("depth", "said"),
    [
        (np.ones((4, 5), np.uint16), "is 5 x 4, but its picture a.rgb.png is 6 x 4"),
        (np.ones((4, 6), np.uint8), "8 bits in 1 channels; expected depth as a grey PNG of 16"),
        (np.ones((4, 6, 3), np.uint16), "16 bits in 3 channels"),
    ],
)
def test_depth_of_another_kind_is_a_sentence(tmp_path: Path, depth, said: str) -> None:
    small(tmp_path, "a.rgb.png")
    write(tmp_path / "a.depth.png", depth)
    (pair,) = find_pairs(tmp_path, "millimetres")
    with pytest.raises(SourceError, match=said):
        read_pair(pair)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    small(tmp_path, "a.rgb.png", "a.depth.png")
    path = tmp_path / "a.depth.png"
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    (pair,) = find_pairs(tmp_path, "millimetres")
    with pytest.raises(SourceError, match=r"a\.depth\.png can't be used"):
        read_pair(pair)
