import hashlib

import numpy as np
import pytest

from data_manifest.commands.options import build
from data_manifest.errors import UsageError
from datagen.config import OverlayConfig
from datagen.planning.fingerprint import fingerprint
from datagen.planning.random_draws import uniform, whole_number
from tests.datagen.plans import described, plan_of, sources

GOLDEN = "a6e4840ef1d34d5e038eacce666b9fd38ab090f41998dd7f2b8f038bb4bb5f76"
GOLDEN_ALL = "4f7795f7248eb69e8c3b190812a8edf595e5989b809edcaf2263b3eeeb6fadd3"


def test_the_grid_is_whole_and_unique() -> None:
    plan, _ = plan_of(4, 5, n=3)
    assert len(plan) == 4 * 5 * 2 * 3
    cells = [(r.bg, r.fg, r.placements[0].flip) for r in (plan[i] for i in range(len(plan)))]
    assert len(set(cells)) == 40
    assert all(cells.count(cell) == 3 for cell in set(cells))
    assert len({plan[i].key for i in range(len(plan))}) == len(plan)


def test_placements_lie_inside_and_reach_every_edge() -> None:
    plan, _ = plan_of(10, 20, n=20, size=64, scale="0.3:1")
    x, y, w, h = (plan.column(name) for name in ("x", "y", "width", "height"))
    assert (x.min(), y.min()) == (0, 0)
    assert ((x + w).max(), (y + h).max()) == (64, 64)
    assert (w >= 1).all() and (h >= 1).all()
    longer = np.maximum(w, h)
    assert np.array_equal(longer, np.rint(plan.column("scale") * 64))
    assert longer.max() == 64


def test_aspect_is_kept() -> None:
    plan, _ = plan_of(2, 7, n=10, size=500)
    boxes = {source.id: source.box for source in sources("f", 7)}
    for i in range(len(plan)):
        placed = plan[i].placements[0]
        box = boxes[placed.fg]
        assert placed.width / placed.height == pytest.approx(box[2] / box[3], rel=0.01)


def test_a_placement_depends_on_recipe_and_number_alone() -> None:
    assert np.array_equal(uniform(3, "x", 1000)[:10], uniform(3, "x", 10))
    plan, _ = plan_of(3, 4, n=5)
    again, _ = plan_of(3, 4, n=5, shard_size=7, workers=1)
    other, _ = plan_of(3, 4, n=5, seed=1)
    for name in ("scale", "x", "y"):
        assert np.array_equal(plan.column(name), again.column(name))
        assert not np.array_equal(plan.column(name), other.column(name))


def test_stages_draw_independently() -> None:
    draws = [uniform(0, stage, 20_000) for stage in ("scale", "x", "y")]
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 0.03
    assert all(abs(part.mean() - 0.5) < 0.01 for part in draws)


def test_whole_numbers_reach_both_ends() -> None:
    counts = np.full(5000, 4, np.int64)
    values, often = np.unique(whole_number(uniform(0, "t", 5000), counts), return_counts=True)
    assert values.tolist() == [0, 1, 2, 3]
    assert often.min() > 1100
    assert whole_number(np.array([np.nextafter(1, 0)]), np.array([3])).tolist() == [2]


EVERYTHING = {
    "n": 2,
    "flip": "random",
    "scale_by": "height",
    "angle": "-180:180",
    "shear": "-20:20",
    "visible": 0.5,
    "ground": "0.5:1",
    "objects": "1:3",
    "distractors": "0:2",
    "blend": "alpha:3,poisson:1",
    "jitter": 0.2,
    "key": "{fg}/{bg}_{index:06}",
}


@pytest.mark.parametrize(("options", "golden"), [({"n": 3}, GOLDEN), (EVERYTHING, GOLDEN_ALL)])
def test_golden_digest_of_the_plan(options: dict[str, object], golden: str) -> None:
    """Changes only when the recipe's meaning does; then PLAN_VERSION must change too."""
    plan, _ = plan_of(5, 7, **options)
    content = "".join(map(str, plan.table.to_pylist()))
    assert hashlib.sha256(content.encode()).hexdigest() == golden


def test_limit_spreads_over_the_grid() -> None:
    plan, _ = plan_of(6, 5, n=4, limit=60)
    assert len(plan) == 60
    assert len(plan.words("bg")) == 6
    assert np.unique(plan.column("bg"), return_counts=True)[1].tolist() == [10] * 6
    whole_plan, _ = plan_of(6, 5, n=4, limit=10_000)
    assert len(whole_plan) == 240


def test_shards_fill_up_in_order() -> None:
    plan, _ = plan_of(3, 3, n=4, shard_size=50)
    assert plan.shard_count == 2
    assert [len(plan.shard_rows(s)) for s in range(2)] == [50, 22]


def test_the_fingerprint_knows_options_and_content() -> None:
    bgs, fgs = sources("b", 2), sources("f", 2)
    base = fingerprint(described(), bgs, fgs)
    assert fingerprint(described(workers=1, out="elsewhere", strict=True), bgs, fgs) == base
    assert fingerprint(described(n=3), bgs, fgs) != base
    changed = [bgs[0], bgs[1].model_copy(update={"sha256": "other"})]
    assert fingerprint(described(), changed, fgs) != base


def test_balanced_draws_use_every_source_equally_often() -> None:
    plan, _ = plan_of(30, 70, samples=1000)
    assert len(plan) == 1000
    for name in ("bg", "fg"):
        often = np.unique(plan.column(name), return_counts=True)[1]
        assert often.max() - often.min() <= 1
    assert 0.4 < plan.column("flip").mean() < 0.6
    few, _ = plan_of(30, 70, samples=10)
    assert len(np.unique(few.column("bg"))) == len(np.unique(few.column("fg"))) == 10


def test_a_mirrored_twin_lies_where_the_plain_one_does() -> None:
    plan, _ = plan_of(3, 4, n=5, flip="twin")
    placed = [(r.bg, *r.placements) for r in plan.records()]
    cells = {(bg, at.fg, i % 5): at for i, (bg, at) in enumerate(placed) if at.flip}
    for i, (bg, at) in enumerate(placed):
        twin = cells[bg, at.fg, i % 5]
        assert (at.x, at.y, at.scale) == (twin.x, twin.y, twin.scale)
    assert len(cells) == 60


def test_blend_variants_share_their_placement() -> None:
    plan, _ = plan_of(3, 4, n=2, blend="alpha,hard,poisson", blend_variants=True)
    assert len(plan) == 3 * 4 * 2 * 2 * 3
    for start in range(0, len(plan), 3):
        group = [(plan[start + k].bg, *plan[start + k].placements) for k in range(3)]
        assert [at.blend for _, at in group] == ["alpha", "hard", "poisson"]
        assert len({(bg, at._replace(blend="any")) for bg, at in group}) == 1


def test_blends_are_drawn_by_weight() -> None:
    plan, _ = plan_of(20, 20, n=10, blend="alpha:3,poisson:1")
    assert plan.is_word("blend", "poisson").mean() == pytest.approx(0.25, abs=0.02)


def test_steps_are_taken_in_turn() -> None:
    plan, _ = plan_of(2, 3, n=8, scale_steps="1,0.8,0.6,0.4")
    values, often = np.unique(plan.column("scale"), return_counts=True)
    assert values.tolist() == [0.4, 0.6, 0.8, 1] and set(often) == {24}


def test_scale_may_mean_the_height() -> None:
    plan, _ = plan_of(2, 7, n=10, size=200, scale="0.3:0.3", scale_by="height")
    too_wide = plan.column("width") >= 198
    assert np.abs(plan.column("height") - 60)[~too_wide].max() <= 1
    assert 0 < too_wide.mean() < 0.5
    assert len(np.unique(plan.column("width"))) > 3


def test_a_scale_per_foreground_stays_with_it() -> None:
    plan, _ = plan_of(4, 6, n=3, scale_per="foreground")
    scales = {(at.fg, at.scale) for record in plan.records() for at in record.placements}
    assert len(scales) == 6


def test_foregrounds_stand_on_the_ground_band() -> None:
    plan, _ = plan_of(5, 5, n=20, size=100, ground="0.7:0.9", scale="0.2:0.5")
    feet = plan.column("y") + plan.column("height")
    assert feet.min() == 70 and feet.max() == 90


def test_a_turned_foreground_that_the_frame_cannot_hold_is_made_smaller() -> None:
    plan, _ = plan_of(3, 5, n=20, size=64, scale="1:1", angle="45:45")
    x, y, w, h = (plan.column(name) for name in ("x", "y", "width", "height"))
    assert x.min() >= 0 and y.min() >= 0
    assert (x + w).max() <= 64 and (y + h).max() <= 64
    assert plan.column("scale").max() < 1
    assert np.maximum(w, h).min() >= 60


def test_keys_follow_the_template() -> None:
    plan, _ = plan_of(2, 3, n=2, key="fg_{fg_number:03}_bg_{bg_number:03}_{index:06}")
    assert plan[0].key == "fg_001_bg_001_000000"
    assert plan[23].key == "fg_003_bg_002_000023"
    with pytest.raises(UsageError, match="same name"):
        plan_of(2, 3, n=2, key="{fg}")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scale": "0.5:1.5"}, "bigger than the background"),
        ({"scale_steps": "0.5,0"}, "not above 0"),
        ({"objects": "0:2"}, "whole numbers"),
        ({"objects": "1:9"}, "from 1 to 8"),
        ({"angle": "20:10"}, "LOW:HIGH"),
        ({"blend": "alpha:0"}, "weights above 0"),
        ({"blend": "poison"}, "alpha"),
        ({"key": "{nothing}"}, "can't be filled"),
        ({"key": "../{index}"}, "no usable file name"),
        ({"samples": 5, "flip": "twin"}, "leave out --samples"),
    ],
)
def test_recipes_that_make_no_sense(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build(OverlayConfig, {"bg": "b", "fg": "f", **options})
