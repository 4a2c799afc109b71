"""Who is held out: shares, near-duplicates, few sources, other ways to split."""

import pytest

from data_manifest.plan import Plan
from data_manifest.record import SPLITS
from datagen.planning.make_plan import make_plan
from tests.datagen.plans import far_hash, plan_of, recipe, sources


def splits(plan: Plan) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {split: set() for split in SPLITS}
    for i in range(len(plan)):
        record = plan[i]
        found[record.split].add((record.bg, record.fg))
    return found


def test_no_held_out_source_is_trained_on() -> None:
    plan, notes = plan_of(20, 40, n=1)
    found = splits(plan)
    trained_bg, trained_fg = ({pair[k] for pair in found["train"]} for k in (0, 1))
    unseen_bg, unseen_fg = ({pair[k] for pair in found["val"]} for k in (0, 1))
    assert not trained_bg & unseen_bg and not trained_fg & unseen_fg
    assert {pair[0] for pair in found["val_bg"]} == unseen_bg
    assert {pair[1] for pair in found["val_bg"]} == trained_fg
    assert {pair[0] for pair in found["val_fg"]} == trained_bg
    assert {pair[1] for pair in found["val_fg"]} == unseen_fg
    assert (len(unseen_bg), len(unseen_fg)) == (3, 6)
    assert notes == []


@pytest.mark.parametrize(("share", "held"), [(0.1, 2), (0.15, 3), (0.33, 7), (0.9, 18)])
def test_the_share_is_met_to_the_nearest_source(share: float, held: int) -> None:
    found = splits(plan_of(20, 20, n=1, hold_out=share)[0])
    assert len({pair[0] for pair in found["val"]}) == held


def test_near_duplicates_move_together() -> None:
    twins = [
        s.model_copy(update={"dhash": far_hash(i // 2)}) for i, s in enumerate(sources("b", 12))
    ]
    for seed in range(10):
        plan, notes = make_plan(recipe(n=1, seed=seed, hold_out=0.3), twins, sources("f", 4))
        unseen = {int(pair[0][1:]) // 2 for pair in splits(plan)["val_bg"]}
        seen = {int(pair[0][1:]) // 2 for pair in splits(plan)["train"]}
        assert len(unseen) == 2 and not unseen & seen
        assert "6 of 12 backgrounds are near-duplicates" in notes[0]


def test_too_few_sources_are_said_so() -> None:
    plan, notes = plan_of(1, 1, n=5)
    assert {split for split, pairs in splits(plan).items() if pairs} == {"train"}
    assert len(notes) == 2 and "only one of backgrounds" in notes[0]
    plan, notes = plan_of(1, 20, n=1)
    assert {split for split, pairs in splits(plan).items() if pairs} == {"train", "val_fg"}
    plan, notes = plan_of(2, 3, n=1)
    assert all(splits(plan).values())
    assert "1 is held out" in notes[0]


@pytest.mark.parametrize(
    ("by", "expected"),
    [("bg", {"train", "val_bg"}), ("fg", {"train", "val_fg"}), ("sample", {"train", "val"})],
)
def test_other_ways_to_split(by: str, expected: set[str]) -> None:
    plan, notes = plan_of(10, 10, n=2, split_by=by, hold_out=0.3)
    found = {split for split, pairs in splits(plan).items() if pairs}
    assert found == expected
    if by == "sample":
        assert "too good" in notes[0]
        share = plan.is_word("split", "val").mean()
        assert 0.2 < share < 0.4


def test_nothing_held_out() -> None:
    plan, notes = plan_of(4, 4, n=1, hold_out=0)
    assert plan.is_word("split", "train").all() and notes == []
