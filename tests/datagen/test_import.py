"""Folders of each earlier system's kind, written from a real dataset, and imported again."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.commands.options import build
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, SourceError, UsageError
from data_manifest.record import Sample
from datagen.config import PreviewConfig, StatsConfig, VerifyConfig
from datagen.import_dataset import import_dataset
from datagen.ingest.config import ImportConfig
from datagen.preview import preview
from datagen.stats import stats
from datagen.verify import verify

Names = Callable[[Sample, int], tuple[str, str, str, str]]


def number(word: str, words: list[str]) -> int:
    return sorted(words).index(word) + 1


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def write(dataset: Dataset, names: Names, depth: Callable[[np.ndarray], np.ndarray]) -> None:
    """Backgrounds, composites, masks (as JPEG where so named) and depth as loose files."""
    for place, sample in enumerate(dataset):
        bg, fg_bg, mask, depth_name = names(sample, place)
        if not Path(bg).exists():
            save(Path(bg), sample.bg, quality=95)
        save(Path(fg_bg), sample.fg_bg, quality=95)
        save(Path(mask), sample.mask.astype(np.uint8) * 255)
        assert sample.depth is not None
        save(Path(depth_name), depth(sample.depth))


def eight_bits(depth: np.ndarray) -> np.ndarray:
    return np.rint(depth / 10 * 255).clip(0, 255).astype(np.uint8)


def millimetres(depth: np.ndarray) -> np.ndarray:
    return np.rint(depth * 1000).astype(np.uint16)


@pytest.fixture
def source(labelled: Path) -> Dataset:
    return Dataset(labelled)


def run(**options: object) -> Dataset:
    import_dataset(build(ImportConfig, {"workers": 1, "quiet": True, **options}))
    return Dataset("data")


FOLDERS = {"bg": "bg", "fg_bg": "fg_bg", "mask": "mask", "depth": "depth"}


def same_samples(imported: Dataset, source: Dataset, depth_tolerance: float) -> None:
    """Every imported sample shows the same picture, mask, depth and background as its source."""
    by_composite = {sample.fg_bg[::12, ::12].astype(int).tobytes(): sample for sample in source}
    originals = list(by_composite.values())
    thumbs = np.array([sample.fg_bg[::12, ::12].astype(int) for sample in originals])
    assert len(imported) == len(source)
    matched = set()
    for sample in imported:
        off = np.abs(thumbs - sample.fg_bg[::12, ::12]).mean(axis=(1, 2, 3))
        original = originals[int(off.argmin())]
        matched.add(original.record.index)
        assert np.abs(sample.fg_bg.astype(int) - original.fg_bg).mean() < 3
        assert np.abs(sample.bg.astype(int) - original.bg).mean() < 3
        assert (sample.mask != original.mask).mean() < 0.003
        assert sample.depth is not None and original.depth is not None
        scale = 1 if depth_tolerance < 0.01 else 10
        assert np.abs(sample.depth * scale - original.depth).mean() <= depth_tolerance
    assert len(matched) > 0.95 * len(source)


def test_equal_names(source: Dataset) -> None:
    def names(sample: Sample, place: int) -> tuple[str, str, str, str]:
        stem = f"{place % 3}/{sample.record.bg}-{sample.record.key}"
        bg = f"bg/{sample.record.bg}.jpg"
        return bg, f"fg_bg/{stem}.jpg", f"mask/{stem}.png", f"depth/{stem}.png"

    write(source, names, millimetres)
    imported = run(**FOLDERS)
    same_samples(imported, source, 0.0006)
    assert imported.depth_encoding.unit == "metres"
    assert {"train", "val_bg"} == set(
        np.array(imported.plan.words("split"))[np.unique(imported.plan.column("split"))]
    )
    assert "the pictures" not in verify(VerifyConfig(workers=1, quiet=True))
    assert "140" in stats(StatsConfig(workers=1, quiet=True))
    assert not list(Path("data").rglob("*.jpg"))


def mdeas(sample: Sample, place: int) -> tuple[str, str, str, str]:
    at = f"set/{sample.record.bg}/{sample.record.fg}"
    return (
        f"bg/{sample.record.bg}.jpg",
        *(f"{at}/{kind}/{place}.jpg" for kind in ("overlay", "mask", "depth")),
    )  # type: ignore[return-value]


def test_the_layout_of_mdeas_and_its_list(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    folders = dict.fromkeys(("fg_bg", "mask", "depth"), "set")
    imported = run(layout="mdeas", bg="bg", **folders)
    same_samples(imported, source, 0.06)
    assert len(imported.plan.words("fg")) == 7
    assert imported.depth_encoding.unit == "none"
    lines = [";".join(f'"{part}"' for part in mdeas(s, i)) for i, s in enumerate(source)]
    Path("label_data.csv").write_text("\n".join(lines))
    by_list = run(list="label_data.csv", columns="bg,fg_bg,mask,depth", overwrite=True)
    same_samples(by_list, source, 0.06)


def test_the_layout_of_gilf(source: Dataset) -> None:
    bgs = sorted({sample.record.bg for sample in source})
    fgs = sorted({sample.record.fg for sample in source})

    def names(sample: Sample, place: int) -> tuple[str, str, str, str]:
        bg = f"bg{number(sample.record.bg, bgs):03}"
        stem = f"{bg}_fg{number(sample.record.fg, fgs):03}_{place:03}"
        batch = f"batch{place // 40:04}"
        return (
            f"bg/{bg}.jpeg",
            f"fg_bg/{batch}/{stem}.jpeg",
            f"mask/{batch}/{stem}.jpeg",
            f"depth/{batch}/{stem}_depth_map_{place % 40}.jpeg",
        )

    write(source, names, eight_bits)
    imported = run(layout="gilf", **FOLDERS)
    same_samples(imported, source, 0.06)
    assert len(imported.plan.words("fg")) == 7


def test_the_layout_of_futartup(source: Dataset) -> None:
    def names(_: Sample, place: int) -> tuple[str, str, str, str]:
        bg = f"bg/{place // 28 + 1}.png"
        return bg, f"fg_bg/{place + 1}.png", f"mask/bw_{place + 1}.png", f"depth/{place + 1}.jpg"

    write(source, names, eight_bits)
    imported = run(layout="futartup", per_bg=28, **FOLDERS)
    same_samples(imported, source, 0.06)
    assert imported.plan.words("fg") == ["unknown"]
    with pytest.raises(UsageError, match="on which background"):
        run(layout="futartup", overwrite=True, **FOLDERS)


def test_the_layout_of_vathos(source: Dataset) -> None:
    bgs = sorted({sample.record.bg for sample in source})
    fgs = sorted({sample.record.fg for sample in source})

    def names(sample: Sample, place: int) -> tuple[str, str, str, str]:
        bg, fg = number(sample.record.bg, bgs), number(sample.record.fg, fgs)
        pair, folder = f"fg_{fg:03}_bg_{bg:03}", f"bg_{bg:03}"
        return (
            f"bg/bg_{bg:03}.jpg",
            f"fg_bg/{folder}/{pair}_{place:06}.jpg",
            f"mask/{folder}/{pair}_mask_{place:06}.jpg",
            f"depth/{folder}/mask_{pair}_{place:06}.png",
        )

    write(source, names, eight_bits)
    imported = run(layout="vathos", **FOLDERS)
    same_samples(imported, source, 0.06)
    assert {"train", "val", "val_bg", "val_fg"} == set(imported.plan.words("split"))


def test_the_layout_of_sushmitha(source: Dataset) -> None:
    def names(_: Sample, place: int) -> tuple[str, str, str, str]:
        i = place + 1
        bg = f"bg/bg{place // 28 + 1}.jpg"
        return bg, f"Fg-Bg/fg-bg{i}.jpg", f"Fg-Bg-Mask/fg-bg-mask{i}.jpg", f"Depth/depth{i}.jpg"

    write(source, names, eight_bits)
    folders = {"bg": "bg", "fg_bg": "Fg-Bg", "mask": "Fg-Bg-Mask", "depth": "Depth"}
    same_samples(run(layout="sushmitha", per_bg=28, **folders), source, 0.06)
    lines = ["bg\tfg\tfg-bg\tmask\tdepth"]
    for place, sample in enumerate(source):
        bg, fg_bg, mask, depth = names(sample, place)
        lines.append("\t".join((bg, sample.record.fg, fg_bg, mask, depth)))
    Path("labels.txt").write_text("\n".join(lines) + "\n")
    by_list = run(list="labels.txt", overwrite=True)
    same_samples(by_list, source, 0.06)
    assert len(by_list.plan.words("fg")) == 7


def test_what_cannot_be_used_is_left_out_and_counted(source: Dataset) -> None:
    def names(sample: Sample, place: int) -> tuple[str, str, str, str]:
        stem, bg = f"{sample.record.bg}-{place}", f"bg/{sample.record.bg}.jpg"
        return bg, f"fg_bg/{stem}.jpg", f"mask/{stem}.png", f"depth/{stem}.png"

    write(source, names, millimetres)
    composites = sorted(Path("fg_bg").iterdir())
    composites[0].write_bytes(composites[0].read_bytes()[:50])
    Path("mask", composites[1].stem + ".png").unlink()
    Path("depth", composites[2].stem + ".png").write_text("no picture")
    save(composites[3], np.zeros((50, 60, 3), np.uint8))
    composites[4].rename("fg_bg/unrelated.jpg")
    assert len(run(**FOLDERS)) == 135
    rejects = [json.loads(line) for line in Path("data/rejects.jsonl").read_text().splitlines()]
    reasons = {reject["file"]: reject["reason"] for reject in rejects}
    assert "doesn't decode" in reasons[composites[0].stem]
    assert reasons[composites[1].stem] == "it has no mask"
    assert "doesn't decode" in reasons[composites[2].stem]
    assert "not as large as its fg_bg" in reasons[composites[3].stem]
    assert reasons[composites[4].stem] == "it has a mask but no fg_bg"
    assert reasons["unrelated"] == "it has no mask and no depth"
    with pytest.raises(SourceError, match="can't be used"):
        run(strict=True, overwrite=True, **FOLDERS)


def test_other_sizes_are_squashed_when_asked(source: Dataset) -> None:
    def names(sample: Sample, place: int) -> tuple[str, str, str, str]:
        stem, bg = f"{sample.record.bg}-{place}", f"bg/{sample.record.bg}.jpg"
        return bg, f"fg_bg/{stem}.jpg", f"mask/{stem}.png", f"depth/{stem}.png"

    write(source, names, millimetres)
    small = run(size=64, limit=20, **FOLDERS)
    for sample in small:
        assert sample.bg.shape == sample.fg_bg.shape == (64, 64, 3)
        assert sample.mask.shape == (64, 64) and sample.mask.any()
        assert sample.depth is not None and sample.depth.shape == (64, 64)


def test_a_file_that_changes_later_is_noticed(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    imported = run(layout="mdeas", bg="bg", fg_bg="set", mask="set", depth="set")
    victim = next(Path("set").rglob("mask/*.jpg"))
    shutil.copy(next(Path("set").rglob("overlay/*.jpg")), victim)
    with pytest.raises(DatasetError, match="is not the file that was"):
        list(imported)
    with pytest.raises(DatasetError, match="1 things are wrong"):
        verify(VerifyConfig(workers=1, quiet=True))


def test_an_import_is_trained_on(source: Dataset, command: Callable) -> None:
    write(source, mdeas, eight_bits)
    folders = ["--fg-bg", "set", "--mask", "set", "--depth", "set"]
    made = command("datagen", "import", "--layout", "mdeas", "--bg", "bg", *folders)
    assert made.returncode == 0, made.stderr
    words = ["--shards", "data", "--size", 64, "--epochs", 1, "--out", "runs/one", "--quiet"]
    fitted = command("train", "fit", *words, "--limit", 16)
    assert fitted.returncode == 0, fitted.stderr
    assert Path("runs/one/best.pt").exists() or list(Path("runs/one").glob("*.pt"))


def test_masks_and_depth_that_are_something_else_are_left_out(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    masks = sorted(Path("set").rglob("mask/*.jpg"))
    white = np.full((96, 96), 255, np.uint8)
    shape = np.asarray(Image.open(masks[0]))
    for number, pixels in enumerate(
        [
            np.dstack([white, white, white, shape]),
            np.dstack([shape, white, 255 - shape]),
            shape // 200,
            shape[:50, :50],
        ]
    ):
        masks[number].unlink()
        save(masks[number].with_suffix(".png"), pixels)
    rejects = ("transparent in places", "has colours", "--mask-threshold", "not as large")
    assert len(run(layout="mdeas", bg="bg", fg_bg="set", mask="set", depth="set")) == 136
    said = Path("data/rejects.jsonl").read_text()
    assert all(reason in said for reason in rejects)


def test_an_odd_first_sample_does_not_decide_the_size(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    first = source[0]
    for path, pixels in zip(
        mdeas(first, 0)[1:], (first.fg_bg, first.mask * np.uint8(255), first.mask), strict=True
    ):
        Image.fromarray(pixels).convert("RGB").convert("L").resize((48, 48)).save(path)
    imported = run(layout="mdeas", bg="bg", fg_bg="set", mask="set", depth="set")
    assert len(imported) == 139 and imported.header.size == (96, 96)


def test_pictures_are_never_read_from_where_depth_would_be_written(source: Dataset) -> None:
    """`depthgen run` writes depth/ beside the list; a user's own depth may not lie there."""
    write(source, mdeas, eight_bits)
    (Path("data") / "depth").mkdir(parents=True)
    for path in sorted(Path("set").rglob("depth/*.jpg")):
        path.rename(Path("data/depth") / "_".join(path.parts[1:]))
    rows = [",".join(mdeas(s, i)) for i, s in enumerate(source)]
    moved = [re.sub(r",set/(\w+)/(\w+)/depth/", r",data/depth/\1_\2_depth_", row) for row in rows]
    Path("list.csv").write_text("\n".join(moved))
    with pytest.raises(UsageError, match=r"data/depth lies in --out data"):
        run(list="list.csv", columns="bg,fg_bg,mask,depth")


def test_a_list_with_empty_cells_loses_only_those(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    rows = [",".join(mdeas(s, i)) for i, s in enumerate(source)]
    rows[3] = "bg/chelsea.jpg,,set/x.png,"
    rows[5] = f"{rows[5].split(',')[0]},{'x' * 5000}.jpg,y.png,z.png"
    Path("list.csv").write_text("\n".join(rows))
    assert len(run(list="list.csv", columns=("bg,fg_bg,mask,depth",))) == 138


def test_the_report_of_an_import(source: Dataset) -> None:
    write(source, mdeas, eight_bits)
    run(layout="mdeas", bg="bg", fg_bg="set", mask="set", depth="set")
    preview(PreviewConfig(out="report.html", quiet=True))
    assert "140" in Path("report.html").read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give --bg, --fg-bg and --mask, or a --list"),
        ({"list": "nowhere.csv"}, "can't be read"),
        ({"list": "empty.csv"}, "is empty"),
        ({"list": "bare.csv"}, "say what its columns are"),
        ({"list": "bare.csv", "columns": "bg,fg_bg,colour"}, "'colour' is none of"),
        ({"list": "bare.csv", "columns": "bg,fg_bg,mask"}, "there is no"),
        ({"bg": "b", "fg_bg": "f", "mask": "m"}, "no folder"),
    ],
)
def test_imports_that_make_no_sense(options: dict[str, object], sentence: str) -> None:
    Path("empty.csv").write_text("\n")
    Path("bare.csv").write_text("a.jpg,b.jpg,c.png\n")
    with pytest.raises(UsageError, match=sentence):
        run(**options)
