"""The recipes of earlier systems, each run on real pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_manifest.commands.options import build
from data_manifest.commands.shipped import title
from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.plan import Plan
from data_manifest.record import Size
from datagen.config import OverlayConfig, VerifyConfig
from datagen.drawing.job import settle_job
from datagen.overlay import overlay
from datagen.recipes import RECIPES
from datagen.verify import verify

NAMES = ("futartup", "gilf", "mdeas", "sushmitha", "vathos")


def config(name: str, pictures: Path, **options: object) -> OverlayConfig:
    given = {"bg": pictures / "bgs", "fg": pictures / "fgs", "workers": 1, "quiet": True}
    return build(OverlayConfig, {**given, **options}, [RECIPES.find(name)])


@pytest.fixture
def plan(request: pytest.FixtureRequest, pictures: Path) -> Plan:
    return settle_job(config(request.param, pictures)).plan


def test_five_are_shipped_and_say_what_they_are() -> None:
    assert tuple(RECIPES.files) == NAMES
    for path in RECIPES.files.values():
        assert len(title(path)) > 20
        assert "Left out: " in path.read_text() and "Kept: " in path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_has_forty_samples_that_verify(name: str, pictures: Path) -> None:
    job = settle_job(config(name, pictures))
    assert len(job.plan) == 5 * 7 * 40
    overlay(config(name, pictures, limit=70))
    assert "are right" in verify(VerifyConfig(workers=1, quiet=True))
    dataset = Dataset("data")
    assert {sample.mask.any() for sample in dataset} == {True}
    assert dataset.header.size == Size.parse(200 if name == "vathos" else 224)


@pytest.mark.parametrize("plan", ["mdeas"], indirect=True)
def test_mdeas_places_each_of_four_sizes_five_times(plan: Plan) -> None:
    longer = np.maximum(plan.column("width"), plan.column("height"))
    sizes, often = np.unique(longer, return_counts=True)
    assert sizes.tolist() == [60, 90, 120, 150] and len(set(often)) == 1
    assert plan[0].key.count("/") == 2


@pytest.mark.parametrize("plan", ["gilf"], indirect=True)
def test_gilf_makes_all_of_one_height(plan: Plan) -> None:
    narrow = plan.column("width") < 224
    assert set(plan.column("height")[narrow]) <= {109, 110, 111}
    assert plan[0].key == "bg001_fg001_00_001"


@pytest.mark.parametrize("plan", ["futartup"], indirect=True)
def test_futartup_turns_by_any_angle(plan: Plan) -> None:
    angles = plan.column("angle")
    assert angles.min() < 5 and angles.max() > 355
    assert not plan.column("flip").any()


@pytest.mark.parametrize("plan", ["vathos"], indirect=True)
def test_vathos_draws_one_size_per_cutout_and_reaches_the_edges(plan: Plan) -> None:
    longer = np.maximum(plan.column("width"), plan.column("height"))
    sizes = {(word, int(size)) for word, size in zip(plan.column("fg"), longer, strict=True)}
    assert len(sizes) == 7 and all(80 <= size <= 109 for _, size in sizes)
    assert (plan.column("x") + plan.column("width")).max() == 200
    assert plan[3].key.startswith("fg_001_bg_001_")


@pytest.mark.parametrize("plan", ["sushmitha"], indirect=True)
def test_sushmitha_mirrors_in_place(plan: Plan) -> None:
    placed = [(record.bg, *record.placements) for record in plan.records()]
    places = {
        flip: {(bg, at.fg, at.x, at.y) for bg, at in placed if at.flip == flip}
        for flip in (True, False)
    }
    assert places[True] == places[False] and len(places[True]) == 700


def test_flags_win_over_config_over_recipe(pictures: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("quality: 77\nsize: 96\n")
    given = {"bg": pictures / "bgs", "fg": pictures / "fgs", "size": 64}
    made = build(OverlayConfig, given, [RECIPES.find("vathos"), mine])
    assert (made.size, made.quality, made.bg_quality) == (Size(64, 64), 77, 60)


def test_the_command_line(pictures: Path, command: Callable) -> None:
    words = ["--bg", pictures / "bgs", "--fg", pictures / "fgs", "--limit", 10, "--quiet"]
    assert command("datagen", "overlay", *words, "--recipe", "gilf").returncode == 0
    assert Dataset("data").plan[0].key.startswith("bg001_fg001")
    listed = command("datagen", "recipes").stdout
    assert all(name in listed for name in NAMES)
    Path("own.yaml").write_text(command("datagen", "recipes", "gilf").stdout)
    assert command("datagen", "overlay", *words, "--recipe", "own.yaml").returncode == 0
    unknown = command("datagen", "overlay", *words, "--recipe", "nosuch")
    assert unknown.returncode == 2 and "one of futartup, gilf" in unknown.stderr
    Path("own.yaml").write_text("sise: 3\n")
    wrong = command("datagen", "overlay", *words, "--recipe", "own.yaml")
    assert wrong.returncode == 2 and "did you mean 'size'?" in wrong.stderr
    with pytest.raises(UsageError, match="no recipe"):
        RECIPES.find("nosuch")
