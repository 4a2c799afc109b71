import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from data_manifest.errors import RecipeError, SourceError, UsageError
from datagen.config import PrepareConfig
from datagen.prepare import prepare
from tests.conftest import Command

Prepare = Callable[..., str]


@pytest.fixture
def run(pictures: Path) -> Prepare:
    """Runs the stage on the pictures, into prepared/ unless told."""

    def run(**options: object) -> str:
        given = {"bg": pictures / "bgs", "fg": pictures / "fgs", "size": 96, "workers": 1}
        return prepare(PrepareConfig.model_validate({**given, "quiet": True, **options}))

    return run


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def saved(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.png")}


def test_the_whole_command(command: Command, pictures: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(pictures, tmp_path / "mine"))
    with Image.open(mine / "bgs" / "china.jpg") as photo:
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = photo.transpose(Image.Transpose.ROTATE_90)
        turned.save(mine / "bgs" / "turned.png", exif=exif)
    (mine / "bgs" / "text.png").write_text("no picture")
    shutil.copy(mine / "bgs" / "china.jpg", mine / "fgs" / "opaque.jpg")
    words = ["datagen", "prepare", "--bg", mine / "bgs", "--fg", mine / "fgs", "--workers", 2]
    done = command(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 backgrounds and 7 cut-outs with masks are in prepared")
    assert "bgs/text.png: it is not a picture" in done.stderr
    assert "fgs/opaque.jpg: it has no alpha channel" in done.stderr
    out = tmp_path / "prepared"
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").read_text().splitlines()]
    assert [(r["kind"], r["file"]) for r in rejects] == [("bg", "text.png"), ("fg", "opaque.jpg")]
    upright, same = (pixels(out / "bgs" / f"{name}.png") for name in ("turned", "china"))
    assert upright.shape == (224, 224, 3) and np.array_equal(upright, same)
    assert "wrote 0 of them" in command(*words).stdout
    assert command(*words, "--strict", "--out", "strict").returncode == 1
    assert not (tmp_path / "strict").exists()


def test_cutouts_are_trimmed_with_straight_alpha_and_a_mask(run: Prepare, pictures: Path) -> None:
    run(bg=None, mask_threshold=200)
    assert not Path("prepared/bgs").exists()
    for file in (pictures / "fgs").iterdir():
        with Image.open(file) as source:
            rgba = source.convert("RGBA")
            expected = np.asarray(rgba.crop(rgba.getchannel("A").getbbox()))
        with Image.open(f"prepared/fgs/{file.stem}.png") as picture:
            assert np.array_equal(np.asarray(picture), expected)
        with Image.open(f"prepared/masks/{file.stem}.png") as mask:
            assert mask.mode == "1"
            assert np.array_equal(np.asarray(mask), expected[..., 3] >= 200)


def test_the_three_fits(run: Prepare, pictures: Path) -> None:
    """Pillow's own way to do the same is the measure; its filters differ a little."""
    with Image.open(pictures / "bgs" / "china.jpg") as photo:
        box = Image.Resampling.BOX
        expected = {
            "crop": ImageOps.fit(photo, (96, 96), box),
            "squash": photo.resize((96, 96), box),
            "pad": np.pad(photo.resize((96, 64), box), ((16, 16), (0, 0), (0, 0)), "edge"),
        }
    for fit, picture in expected.items():
        run(fg=None, out=fit, fit=fit)
        mine = pixels(Path(fit, "bgs/china.png")).astype(int)
        assert np.abs(mine - np.asarray(picture)).mean() < 4
        others = [other for name, other in expected.items() if name != fit]
        assert all(np.abs(mine - np.asarray(other)).mean() > 12 for other in others)


def test_only_what_is_missing_is_made(run: Prepare) -> None:
    run()
    out = Path("prepared")
    before = saved(out)
    (out / "masks" / "owl.png").unlink()
    (out / "bgs" / "china.png").write_text("edited")
    assert "wrote 1 of them" in run()
    assert saved(out) == {**before, "bgs/china.png": b"edited"}
    run(overwrite=True)
    assert saved(out) == before


def test_nothing_foreign_is_replaced(run: Prepare, pictures: Path, tmp_path: Path) -> None:
    run()
    before = saved(Path("prepared"))
    with pytest.raises(RecipeError, match=r"size was 96, is 64\. Choose"):
        run(size=64)
    assert saved(Path("prepared")) == before
    (tmp_path / "mine" / "bgs").mkdir(parents=True)
    with pytest.raises(RecipeError, match="holds bgs, which is no part"):
        run(out="mine")
    Path("prepared/options.yaml").write_text("[")
    with pytest.raises(RecipeError, match="is damaged; delete it"):
        run()
    for out in (pictures, pictures / "bgs", pictures / "fgs" / "new"):
        with pytest.raises(UsageError, match="overlap"):
            run(out=out)


def test_neither_and_strict(run: Prepare, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--bg and --fg are both missing"):
        run(bg=None, fg=None)
    mine = Path(shutil.copytree(pictures / "bgs", tmp_path / "mine"))
    (mine / "text.png").write_text("no picture")
    with pytest.raises(SourceError, match=r"text\.png can't be used"):
        run(bg=mine, fg=None, strict=True)


def test_decontaminated_cutouts_keep_their_alpha(run: Prepare) -> None:
    run(bg=None, out="plain")
    run(bg=None, out="clean", decontaminate=True)
    plain, clean = (pixels(Path(name, "fgs/cat.png")) for name in ("plain", "clean"))
    assert np.array_equal(plain[..., 3], clean[..., 3])
    assert np.array_equal(plain[plain[..., 3] == 255], clean[plain[..., 3] == 255])
    assert not np.array_equal(plain, clean)
