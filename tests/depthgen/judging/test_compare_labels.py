"""A teacher that knows the truth, and is wrong by just so much, must be found wrong by that."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from scipy.linalg import lstsq

from data_manifest.depth_stage import LabelKind
from data_manifest.record import Depth, Mask, Picture, Size
from depthgen.engine.predict import Predictor
from depthgen.judging.compare_labels import (
    Comparing,
    Comparison,
    Error,
    Scene,
    compare_labels,
    compositions,
    labels_of,
    read_scenes,
)
from depthgen.judging.crops import Cap
from depthgen.judging.pairs import find_pairs
from depthgen.judging.pasting import paste, patch, read_cutouts, stencils
from depthgen.labels.grounds import GroundDepths
from depthgen.labels.settle import space_of
from depthgen.teachers.card import Meaning, Teacher
from depthgen.teachers.declared import OF_KIND, Declared
from depthgen.teachers.own_module import load

FRAME = Size(120, 96)
CAP = Cap(1e-3, 10.0)
COUNT, FAR_M = 3, 3.4
Fault = Callable[[Depth], Depth]
SAYS: dict[str, Callable[[Depth], Depth]] = {
    "metric": lambda depth: depth * 1.7,
    "relative": lambda depth: depth * 2 + 3,
    "relative_inverse": lambda depth: 4 / depth + 0.5,
}
"""What a teacher of a kind may say of depth in metres."""


class Known(NamedTuple):
    """A picture with measured depth; ``filled`` is it with the median where it is unknown."""

    rgb: Picture
    true_m: Depth
    filled: Depth


class Oracle:
    """Says the depth of known pictures and of parts of them that were pasted; ``fault`` is done to
    the depth of what isn't a picture as a whole."""

    engine, precision, batch, lanes = "torch", "float32", 1, 1

    def __init__(self, known: Sequence[Known], kind: str, fault: Fault | None) -> None:
        self._known, self._say, self._fault = known, SAYS[kind], fault

    def answer(self, rgb: Picture) -> Depth:
        return np.stack([self._of(picture) for picture in rgb])

    def begin_lane(self) -> None:
        pass

    def halve(self) -> bool:
        return False

    def _of(self, rgb: Picture) -> Depth:
        mirrored = self._matches(rgb[:, ::-1]) > self._matches(rgb)
        upright = rgb[:, ::-1] if mirrored else rgb
        base = max(self._known, key=lambda one: np.count_nonzero(one.rgb == upright))
        depth = base.filled.copy()
        for other in self._known:
            there = (upright == other.rgb).all(2) & (upright != base.rgb).any(2)
            depth[there] = other.filled[there]
        if self._fault and (upright != base.rgb).any():
            depth = self._fault(depth)
        said = np.asarray(self._say(depth), np.float32)
        return said[:, ::-1] if mirrored else said

    def _matches(self, rgb: Picture) -> int:
        return max(int(np.count_nonzero(one.rgb == rgb)) for one in self._known)


def far_is_farther(depth: Depth) -> Depth:
    """Wrong by three tenths beyond FAR_M, which leaves the median where it is."""
    return np.where(depth > FAR_M, depth * np.float32(1.3), depth)


@pytest.fixture(scope="module")
def known(motorcycle) -> list[Known]:
    """Two parts of a real picture, as two pictures by one camera."""
    found = []
    for top, left in ((130, 200), (130, 400)):
        part = np.s_[top : top + 2 * 96 : 2, left : left + 2 * 120 : 2]
        true = motorcycle.true_m[part]
        filled = np.where(true > 0, true, np.median(true[true > 0])).astype(np.float32)
        found.append(Known(np.ascontiguousarray(motorcycle.rgb[part]), true, filled))
    for one in found:
        assert 0.02 < np.mean(one.true_m > FAR_M) < 0.45
        assert 0 < np.mean(one.true_m == 0) < 0.5
    return found


@pytest.fixture(scope="module")
def cutouts(pictures: Path) -> list[Picture]:
    return read_cutouts(pictures / "fgs", quiet=True)


def comparing(network: object, meaning: Meaning, size: Size = FRAME, views: int = 2) -> Comparing:
    teacher = Teacher("oracle", None, size, meaning, "none", "")
    predictor = Predictor(teacher, network)  # type: ignore[arg-type]
    limits = (float("-inf"), float("inf"))
    grounds = GroundDepths(predictor, FRAME, views)
    return Comparing(predictor, grounds, space_of(meaning), FRAME, "none", CAP, limits)


def scenes_of(how: Comparing, known: Sequence[Known], names: Sequence[str]) -> list[Scene]:
    return [
        Scene(name, FRAME, one.rgb, one.true_m, one.true_m > 0, how.grounds.answer(one.rgb, name))
        for name, one in zip(names, known, strict=True)
    ]


def compared(
    known: Sequence[Known], cutouts: Sequence[Picture], kind: str, fault: Fault | None
) -> tuple[Comparing, list[Scene], Comparison]:
    """What is found of an oracle of a kind, on scenes of one camera."""
    how = comparing(Oracle(known, kind, fault), OF_KIND[kind])  # type: ignore[index]
    scenes = scenes_of(how, known, ["room_1", "room_2"])
    return how, scenes, compare_labels(how, scenes, cutouts, COUNT, 7, lambda _: None)


def where(found: Comparison, place: str, kind: LabelKind) -> list[Error]:
    return [error for error in found.errors if (error.where, error.kind) == (place, kind)]


def drawn(cutouts: Sequence[Picture], *seed: int) -> list[tuple[Picture, Mask]]:
    """The stencils and masks of a scene, by their seed."""
    found = stencils(cutouts, COUNT, FRAME, (7, *seed))
    return [(one, one[..., 3] >= 128) for one in found]


def by_hand(label: Depth, true_m: Depth, fitted: Mask, valid: Mask, kind: str) -> tuple[float, ...]:
    """AbsRel and delta1 over ``valid``, of a label fitted over ``fitted``, in float64."""
    x, y = label.astype(np.float64), np.where(true_m > 0, true_m, 1).astype(np.float64)
    if kind == "metric":
        depth = x * (np.median(y[fitted]) / np.median(x[fitted]))
    else:
        target = y if kind == "relative" else 1 / y
        columns = np.stack([x[fitted], np.ones(np.count_nonzero(fitted))], 1)
        scale, shift = lstsq(columns, target[fitted])[0]
        depth = x * scale + shift
        if kind == "relative_inverse":
            depth = 1 / np.maximum(depth, 1 / y[fitted | valid].max())
    depth, true = depth.clip(*CAP)[valid], y[valid]
    far = np.maximum(depth / true, true / depth)
    return float(np.mean(np.abs(depth - true) / true)), float(np.mean(far < 1.25))


@pytest.mark.parametrize("kind", SAYS)
def test_who_knows_the_truth_is_never_wrong(
    kind: str, known: list[Known], cutouts: list[Picture]
) -> None:
    """In any space, whatever scale and shift; and labels are the ground's outside the masks."""
    _, _, found = compared(known, cutouts, kind, None)
    for place in ("outside", "inside"):
        errors = where(found, place, "composite")
        assert len(errors) == 2 * COUNT or place == "inside"
        for error in errors:
            assert error.absrel == pytest.approx(0, abs=2e-5) and error.delta1 == 1
    for label in ("anchored", "layered"):
        for error in where(found, "outside", label):
            assert error.absrel == pytest.approx(0, abs=2e-5) and error.delta1 == 1


def test_a_known_error_is_found_to_the_digit(known: list[Known], cutouts: list[Picture]) -> None:
    _, scenes, found = compared(known, cutouts, "metric", far_is_farther)
    errors = iter(where(found, "outside", "composite"))
    for number, scene in enumerate(scenes):
        for _, mask in drawn(cutouts, number):
            share = np.mean(scene.true_m[scene.valid & ~mask] > FAR_M)
            error = next(errors)
            assert error.scene == scene.name
            assert error.absrel == pytest.approx(0.3 * share, rel=1e-4)
            assert error.delta1 == pytest.approx(1 - share)
            assert share > 0.01
    assert next(errors, None) is None
    for kind in ("anchored", "layered"):
        assert len(where(found, "outside", kind)) == 2 * COUNT
        assert max(error.absrel for error in where(found, "outside", kind)) < 2e-5


@pytest.mark.parametrize("kind", SAYS)
def test_errors_are_what_numpy_says_by_hand(
    kind: str, known: list[Known], cutouts: list[Picture]
) -> None:
    how, scenes, found = compared(known, cutouts, kind, far_is_farther)
    outside = iter([error for error in found.errors if error.where == "outside"])
    for number, scene in enumerate(scenes):
        for stencil, mask in drawn(cutouts, number):
            answer = how.predictor.answers([paste(scene.rgb, stencil).fg_bg], FRAME)[0]
            valid = scene.valid & ~mask
            labels = labels_of(how, scene, paste(scene.rgb, stencil), answer)
            assert list(labels) == ["composite", "anchored", "layered"]
            for name, label in labels.items():
                error = next(outside)
                assert (error.scene, error.kind) == (scene.name, name)
                expected = by_hand(label, scene.true_m, valid, valid, kind)
                assert (error.absrel, error.delta1) == pytest.approx(expected, rel=1e-3, abs=2e-4)


@pytest.mark.parametrize("kind", SAYS)
def test_patches_of_another_picture_have_a_truth_inside(
    kind: str, known: list[Known], cutouts: list[Picture]
) -> None:
    how, scenes, found = compared(known, cutouts, kind, far_is_farther)
    inside = iter([error for error in found.errors if error.where == "inside"])
    in_front: list[Error] = []
    for number, other in ((0, 1), (1, 0)):
        scene, source = scenes[number], scenes[other]
        for stencil, mask in drawn(cutouts, number, other):
            pasted = paste(scene.rgb, patch(source.rgb, stencil))
            answer = how.predictor.answers([pasted.fg_bg], FRAME)[0]
            there, hidden = mask & source.valid, scene.true_m[mask & scene.valid]
            if min(np.count_nonzero(there), len(hidden)) < 50:
                continue
            for name, label in labels_of(how, scene, pasted, answer).items():
                error = next(inside)
                truth = np.where(mask, source.true_m, scene.true_m)
                expected = by_hand(label, truth, scene.valid & ~mask, there, kind)
                assert (error.scene, error.kind) == (scene.name, name)
                assert (error.absrel, error.delta1) == pytest.approx(expected, rel=1e-3, abs=2e-4)
                if np.median(source.true_m[there]) <= np.percentile(hidden, 25):
                    in_front.append(error._replace(where="in front"))
    assert next(inside, None) is None
    assert [error for error in found.errors if error.where == "in front"] == in_front
    assert 0 < len(in_front) < len([error for error in found.errors if error.where == "inside"])


def test_qualities_tell_how_far_composites_moved(
    known: list[Known], cutouts: list[Picture]
) -> None:
    """With an error that is the same everywhere, shift is that error."""
    how = comparing(
        Oracle(known, "metric", lambda depth: depth * np.float32(1.2)), OF_KIND["metric"]
    )
    scenes = scenes_of(how, known, ["room_1", "room_2"])
    found = compare_labels(how, scenes, cutouts, COUNT, 7, lambda _: None)
    assert len(found.qualities) == 2 * COUNT
    for (quality, absrel), error in zip(
        found.qualities, where(found, "outside", "composite"), strict=True
    ):
        assert absrel == error.absrel == pytest.approx(0, abs=1e-5)
        assert quality.shift == pytest.approx(0.2, abs=1e-5)
        assert quality.flip == pytest.approx(0, abs=1e-5)
        assert np.isnan(quality.disagreement)


def test_agreement_is_between_layered_and_anchored_inside(
    known: list[Known], cutouts: list[Picture]
) -> None:
    how, scenes, found = compared(known, cutouts, "metric", None)
    assert len(found.agreements) == 2 * COUNT
    expected = []
    for number, scene in enumerate(scenes):
        for stencil, mask in drawn(cutouts, number):
            pasted = paste(scene.rgb, stencil)
            answer = how.predictor.answers([pasted.fg_bg], FRAME)[0]
            labels = labels_of(how, scene, pasted, answer)
            ratios = labels["layered"][mask].astype(float) / labels["anchored"][mask]
            expected.append(float(np.mean(np.abs(ratios - 1))))
    assert found.agreements == pytest.approx(expected, rel=1e-4)
    assert max(expected) > 0


def test_every_scene_is_shown_once_and_every_composite_counted(
    known: list[Known], cutouts: list[Picture]
) -> None:
    how = comparing(Oracle(known, "metric", None), OF_KIND["metric"])
    scenes = scenes_of(how, known, ["room_1", "room_2"])
    counts: list[int] = []
    found = compare_labels(how, scenes, cutouts, 2, 0, counts.append)
    assert sum(counts) == compositions(scenes, 2) == 2 * (2 + 2)
    assert [name for name, *_ in found.shown] == ["room_1", "room_2"]
    for _, pasted, labels in found.shown:
        assert pasted.mask.any() and len(labels) == 3


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("room_1", "room_2"), 2),
        (("room_1", "hall_2"), 0),
        (("1", "2"), 0),
        (("a/room_1", "b/room_2"), 0),
        (("a/room_1", "a/room_b"), 2),
        (("_1", "_2"), 0),
    ],
)
def test_only_pictures_by_one_camera_are_patched(
    names: tuple[str, str], pairs: int, known: list[Known], cutouts: list[Picture]
) -> None:
    how = comparing(Oracle(known, "metric", None), OF_KIND["metric"])
    scenes = scenes_of(how, known, names)
    assert compositions(scenes, 5) == 5 * (2 + pairs)
    found = compare_labels(how, scenes, cutouts, 2, 0, lambda _: None)
    assert bool(where(found, "inside", "composite")) == bool(pairs)
    other = [scenes[0], scenes[1]._replace(camera=Size(640, 480))]
    assert compositions(other, 5) == 5 * 2


def test_scenes_without_measured_depth_give_no_errors(
    known: list[Known], cutouts: list[Picture]
) -> None:
    how = comparing(Oracle(known, "metric", None), OF_KIND["metric"])
    scenes = [
        scene._replace(valid=np.zeros_like(scene.valid))
        for scene in scenes_of(how, known, ["room_1", "room_2"])
    ]
    found = compare_labels(how, scenes, cutouts, 2, 0, lambda _: None)
    assert found.errors == found.qualities == []
    assert len(found.agreements) == 4


OWN = """
def grey(rgb):
    return 1 + rgb.mean(1)

def left(rgb):
    import torch
    return 1 + torch.linspace(0, 1, rgb.shape[3]).expand(len(rgb), rgb.shape[2], -1)
"""


@pytest.mark.parametrize(("attribute", "views"), [("grey", 1), ("grey", 2), ("left", 2)])
def test_scenes_are_squashed_to_the_frame_and_asked_about(
    attribute: str, views: int, motorcycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a function of the user's own; of a ramp the mean of both views is flat."""
    from depthgen.engine.choose import make_network

    monkeypatch.chdir(tmp_path)
    module = f"own_{attribute}_{views}"
    (tmp_path / f"{module}.py").write_text(OWN)
    for name, rows in (("room_1", slice(0, 300)), ("hall_2", slice(200, 500))):
        cv2.imwrite(f"{name}.rgb.png", motorcycle.rgb[rows, :, ::-1])
        cv2.imwrite(f"{name}.depth.png", motorcycle.millimetres[rows])
    teacher = load(f"{module}:{attribute}", Declared(kind="metric", input_size=FRAME))
    how = comparing(make_network(teacher, "cpu", "torch"), teacher.meaning, views=views)
    scenes = read_scenes(how, find_pairs(tmp_path, "millimetres"))
    assert [(scene.name, scene.camera) for scene in scenes] == [
        ("hall_2", Size(741, 300)), ("room_1", Size(741, 300)),
    ]  # fmt: skip
    for scene, top in zip(scenes, (200, 0), strict=True):
        assert scene.rgb.shape == (96, 120, 3) and scene.rgb.dtype == np.uint8
        area = motorcycle.rgb[top : top + 25, :49].astype(float)
        assert scene.rgb[:8, :8].mean((0, 1)) == pytest.approx(area.mean((0, 1)), abs=1.5)
        known = set(np.unique(motorcycle.true_m[top : top + 300]).tolist())
        assert set(scene.true_m.ravel().tolist()) <= known
        assert np.array_equal(scene.valid, (scene.true_m > 1e-3) & (scene.true_m < 10))
        assert 0 < scene.valid.mean() < 1
        expected = 1 + scene.rgb.mean(2) / 255 if attribute == "grey" else np.full((96, 120), 1.5)
        assert scene.ground == pytest.approx(expected, abs=1e-4)
        assert scene.ground.dtype == np.float32
