import numpy as np
import pytest

from data_manifest.depth_stage import LabelKind
from depthgen.judging.compare_labels import Comparison, Error
from depthgen.judging.label_table import (
    KINDS,
    PLACES,
    label_rows,
    label_sheet,
    label_text,
    quality_rows,
    quality_text,
)
from depthgen.judging.pasting import Pasted
from depthgen.judging.sparsification import sparsify
from depthgen.quality.measure import Quality

NAN = float("nan")


def error(where: str, scene: str, kind: LabelKind, absrel: float) -> Error:
    return Error(scene, where, kind, absrel, 1 - absrel / 2)


ERRORS = [
    error("outside", "room_1", "composite", 0.1),
    error("outside", "room_1", "anchored", 0.0),
    error("outside", "room_1", "composite", 0.3),
    error("outside", "room_2", "composite", 0.6),
    error("inside", "room_2", "layered", 0.5),
]


def quality(shift: float, pop: float = NAN, low: float = 1.0) -> Quality:
    return Quality(low, 2.0, 0.0, shift=shift, pop=pop)


def test_rows_are_means_of_scenes_and_all_is_the_mean_of_those() -> None:
    """A scene with more composites counts no more."""
    found = [
        (row["where"], row["scene"], row["labels"], row["composites"], row["absrel"])
        for row in label_rows(ERRORS)
    ]
    assert ("outside", "room_1", "composite", 2, pytest.approx(0.2)) in found
    assert ("outside", "room_2", "composite", 1, pytest.approx(0.6)) in found
    assert ("outside", "all", "composite", 3, pytest.approx(0.4)) in found
    assert ("inside", "all", "layered", 1, pytest.approx(0.5)) in found
    assert len(found) == 7


def test_every_row_has_the_same_columns_and_delta1() -> None:
    for row in label_rows(ERRORS):
        assert list(row) == ["where", "scene", "labels", "composites", "absrel", "delta1"]
        assert row["delta1"] == pytest.approx(1 - row["absrel"] / 2)


def test_places_kinds_and_scenes_stand_in_order() -> None:
    errors = [
        error(where, scene, kind, 0.1)
        for scene in ("b_1", "a_1")
        for kind in reversed(KINDS)
        for where in reversed(PLACES)
    ]
    found = [(row["where"], row["labels"], row["scene"]) for row in label_rows(errors)]
    assert found == [
        (where, kind, scene)
        for where in ("outside", "inside", "in front")
        for kind in ("composite", "anchored", "layered")
        for scene in ("b_1", "a_1", "all")
    ]


def test_no_errors_are_no_rows() -> None:
    assert label_rows([]) == []
    assert "room" not in label_text([])


def test_the_text_has_a_line_for_every_scene_with_the_kinds_side_by_side() -> None:
    errors = [
        error("outside", scene, kind, absrel)
        for scene, times in (("room_1", 1), ("room_2", 3))
        for kind, absrel in zip(KINDS, (0.1 * times, 0.02 * times, 0.2), strict=True)
    ]
    *heads, first, second, both = label_text(label_rows(errors)).splitlines()
    assert [word for word in " ".join(heads).split() if word in KINDS] == list(KINDS)
    assert [" ".join(line.split()) for line in (first, second, both)] == [
        "outside room_1 1 0.100 0.950 0.020 0.990 0.200 0.900",
        "outside room_2 1 0.300 0.850 0.060 0.970 0.200 0.900",
        "outside all 2 0.200 0.900 0.040 0.980 0.200 0.900",
    ]
    assert len({len(line) for line in (first, second, both)}) == 1


def test_a_measure_that_is_the_error_finds_it_perfectly() -> None:
    errors = np.random.default_rng(0).uniform(0, 1, 40)
    rows = quality_rows([(quality(2 * value, pop=-value), value) for value in errors])
    found = {row["measure"]: row for row in rows}
    assert found.keys() == {"shift", "pop"}
    for name in ("shift", "pop"):
        assert found[name]["ause"] == pytest.approx(0, abs=1e-12)
        assert found[name]["aurg"] > 0


def test_a_measure_that_says_nothing_is_no_better_than_its_sparsification() -> None:
    draw = np.random.default_rng(1)
    errors, shift, pop = draw.uniform(0, 1, (3, 50))
    qualities = [(quality(*pair[:2]), pair[2]) for pair in zip(shift, pop, errors, strict=True)]
    rows = {row["measure"]: row for row in quality_rows(qualities)}
    for name, doubt in (("shift", shift), ("pop", -pop)):
        expected = sparsify(errors, doubt)
        assert expected is not None
        assert (rows[name]["ause"], rows[name]["aurg"]) == (expected.ause, expected.aurg)
        assert rows[name]["ause"] > 0.05


def test_measures_that_are_not_there_or_always_the_same_are_left_out() -> None:
    some = [(quality(0.1, pop=0.1), 0.1), (quality(0.2, pop=NAN), 0.2)]
    assert [row["measure"] for row in quality_rows(some)] == ["shift"]
    same = [(quality(0.1), 0.1), (quality(0.1), 0.2)]
    assert quality_rows(same) == quality_rows([]) == []


def test_measures_have_a_line_each() -> None:
    rows = quality_rows([(quality(value), value) for value in (0.1, 0.4, 0.2)])
    head, line = quality_text(rows).splitlines()
    assert head.split() == ["measure", "AUSE", "AURG"] and len(line) == len(head)
    assert line.split()[:2] == ["shift", "0.0000"]


@pytest.mark.parametrize("near_is", ["small", "large"])
def test_the_sheet_shows_a_composite_of_each_scene(motorcycle, near_is: str) -> None:
    rgb = motorcycle.rgb[:96, :128]
    depth = np.where(motorcycle.true_m > 0, motorcycle.true_m, 3)[:96, :128].astype(np.float32)
    mask = np.zeros((96, 128), bool)
    mask[20:50, 30:70] = True
    labels: dict[LabelKind, np.ndarray] = {
        kind: depth * np.float32(times) for kind, times in zip(KINDS, (1, 2, 3), strict=True)
    }
    shown = [(name, Pasted(rgb, mask), labels) for name in ("room_1", "room_2")]
    page = label_sheet(Comparison([], [], [], shown), near_is)
    assert page.dtype == np.uint8 and page.shape[2] == 3

    def times_seen(tile: np.ndarray) -> int:
        """How often a picture stands on the page, found by its first row."""
        windows = np.lib.stride_tricks.sliding_window_view(page, tile[:1].shape)
        places = np.argwhere((windows == tile[:1]).all(axis=(3, 4, 5)))
        return sum(
            np.array_equal(page[y : y + len(tile), x : x + tile.shape[1]], tile)
            for y, x, _ in places
        )

    assert times_seen(rgb) == 2
    assert times_seen(np.repeat(255 * mask[..., None].astype(np.uint8), 3, axis=2)) == 2
