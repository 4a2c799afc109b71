"""Kinds of labels beside measured depth: cut-outs pasted on pictures whose depth is known.

Outside a mask the truth is the picture's own. Inside there is one where what is pasted is a patch
of another picture by the same camera, at the same place and unscaled: it keeps its measured depth.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.commands.progress import Advance
from data_manifest.depth_stage import LabelKind
from data_manifest.record import Depth, Mask, Picture, Size
from depthgen.config import Crop
from depthgen.engine.predict import Predictor, refuse_unfinished
from depthgen.judging.align import Alignment, align
from depthgen.judging.crops import Cap, cut_pair, judged_region
from depthgen.judging.metrics import Sums, clamp, sum_up
from depthgen.judging.pairs import Pair, read_pair
from depthgen.judging.pasting import Pasted, paste, patch, stencils
from depthgen.labels.anchored import Anchoring, anchored
from depthgen.labels.grounds import GroundDepths
from depthgen.labels.layered import Layering, layered
from depthgen.quality.measure import Evidence, Quality, measure
from depthgen.teachers.card import Kind
from depthgen.teachers.space import Space

ALIGNMENT: dict[Kind, Alignment] = {
    "metric": "median",
    "relative": "affine",
    "relative_inverse": "affine_disparity",
}
LEAST_PIXELS = 50
IN_FRONT = 25.0
"""Percentile, from near, of what a patch hides that its median must be nearer than."""


class Scene(NamedTuple):
    """A picture with measured depth in the frame of a dataset, and its depth by the teacher.

    ``rgb`` (H, W, 3) uint8, ``true_m`` (H, W) float32 metres, ``valid`` (H, W) bool, ``ground``
    (H, W) float32 in the teacher's space. ``camera`` is the size of the picture's file.
    """

    name: str
    camera: Size
    rgb: Picture
    true_m: Depth
    valid: Mask
    ground: Depth


class Error(NamedTuple):
    """What one label's error is where: ``outside`` the mask, ``inside`` it, or ``in front``."""

    scene: str
    where: str
    kind: LabelKind
    absrel: float
    delta1: float


class Comparison(NamedTuple):
    """Errors of single labels; qualities of composites with the errors of the teacher's answers to
    them; agreements of layered with anchored labels inside; labels to look at."""

    errors: list[Error]
    qualities: list[tuple[Quality, float]]
    agreements: list[float]
    shown: list[tuple[str, Pasted, dict[LabelKind, Depth]]]


class Comparing(NamedTuple):
    """How labels are compared: by whom, in which space and frame, on what counts."""

    predictor: Predictor
    grounds: GroundDepths
    space: Space
    frame: Size
    crop: Crop
    cap: Cap
    limits: tuple[float, float]


def read_scenes(how: Comparing, pairs: Sequence[Pair]) -> list[Scene]:
    """The pictures, squashed to the frame as the teacher is shown them, and its answers."""
    scenes = []
    for pair in pairs:
        rgb, true_m = cut_pair(how.crop, *read_pair(pair))
        camera = Size.of(rgb)
        rgb = np.asarray(cv2.resize(rgb, how.frame, interpolation=cv2.INTER_AREA), np.uint8)
        true_m = np.asarray(
            cv2.resize(true_m, how.frame, interpolation=cv2.INTER_NEAREST), np.float32
        )
        valid = judged_region(true_m, how.crop, how.cap)
        scenes.append(
            Scene(pair.name, camera, rgb, true_m, valid, how.grounds.answer(rgb, pair.name))
        )
    return scenes


def compare_labels(
    how: Comparing,
    scenes: Sequence[Scene],
    cutouts: Sequence[Picture],
    count: int,
    seed: int,
    advance: Advance,
) -> Comparison:
    """Paste ``count`` cut-outs on every scene, and as many patches of every other of its camera."""
    found = Comparison([], [], [], [])
    for number, scene in enumerate(scenes):
        drawn = stencils(cutouts, count, how.frame, (seed, number))
        for stencil in drawn:
            _outside(how, scene, paste(scene.rgb, stencil), found)
            advance(1)
    for (number, scene), (other, source) in _same_camera(scenes):
        for stencil in stencils(cutouts, count, how.frame, (seed, number, other)):
            _inside(how, scene, source, paste(scene.rgb, patch(source.rgb, stencil)), found)
            advance(1)
    return found


def compositions(scenes: Sequence[Scene], count: int) -> int:
    """How many composites ``compare_labels`` makes."""
    return count * (len(scenes) + len(list(_same_camera(scenes))))


def labels_of(
    how: Comparing, scene: Scene, pasted: Pasted, answer: Depth
) -> dict[LabelKind, Depth]:
    """The three kinds of labels of a composite, (H, W) float32 each in the teacher's space."""
    ground, mask, space = scene.ground, pasted.mask, how.space
    return {
        "composite": answer,
        "anchored": anchored(answer, ground, mask, None, space, Anchoring()),
        "layered": layered(ground, mask, None, space, Layering()),
    }


def _same_camera(scenes: Sequence[Scene]) -> Iterator[tuple[tuple[int, Scene], tuple[int, Scene]]]:
    """Pairs of different scenes whose names say that one camera took them: NAME_1 and NAME_2."""
    for one, other in permutations(enumerate(scenes), 2):
        stems = [scene.name.rpartition("_")[0] for _, scene in (one, other)]
        if stems[0] and stems[0] == stems[1] and one[1].camera == other[1].camera:
            yield one, other


def _outside(how: Comparing, scene: Scene, pasted: Pasted, found: Comparison) -> None:
    answer = _answer(how, scene, pasted)
    mirrored = how.predictor.mirrored([pasted.fg_bg], how.frame)[0]
    labels = labels_of(how, scene, pasted, answer)
    valid = scene.valid & ~pasted.mask
    for kind, label in labels.items():
        sums = _compared(how, label, scene.true_m, valid, valid)
        if sums is not None:
            found.errors.append(_error(scene, "outside", kind, sums))
            if kind == "composite":
                seen = Evidence(answer, pasted.mask, how.limits, answer, mirrored, scene.ground)
                found.qualities.append((measure(seen, how.space), found.errors[-1].absrel))
    if pasted.mask.any():
        in_layers, in_place = (labels[kind][pasted.mask] for kind in ("layered", "anchored"))
        off = how.space.difference(in_layers, in_place, how.space.unit_of(scene.ground))
        found.agreements.append(float(np.mean(np.abs(off))))
    if not any(name == scene.name for name, *_ in found.shown):
        found.shown.append((scene.name, pasted, labels))


def _inside(how: Comparing, scene: Scene, source: Scene, pasted: Pasted, found: Comparison) -> None:
    hidden = scene.true_m[pasted.mask & scene.valid]
    inside = pasted.mask & source.valid
    if min(len(hidden), int(np.count_nonzero(inside))) < LEAST_PIXELS:
        return
    answer = _answer(how, scene, pasted)
    truth = np.where(pasted.mask, source.true_m, scene.true_m)
    in_front = np.median(source.true_m[inside]) <= np.percentile(hidden, IN_FRONT)
    for kind, label in labels_of(how, scene, pasted, answer).items():
        sums = _compared(how, label, truth, scene.valid & ~pasted.mask, inside)
        if sums is not None:
            found.errors.append(_error(scene, "inside", kind, sums))
            if in_front:
                found.errors.append(_error(scene, "in front", kind, sums))


def _answer(how: Comparing, scene: Scene, pasted: Pasted) -> Depth:
    answer = how.predictor.answers([pasted.fg_bg], how.frame)[0]
    refuse_unfinished(answer, how.predictor.teacher.name, f"a composite on {scene.name}")
    return answer


def _compared(
    how: Comparing, label: Depth, true_m: Depth, fitted: Mask, valid: Mask
) -> Sums | None:
    """The sums over ``valid`` of a label that is brought to metres over ``fitted``."""
    kind = how.predictor.teacher.meaning.kind
    if not (fitted.any() and valid.any()):
        return None
    floor = 1 / float(true_m[fitted | valid].max())  # what is judged may lie behind all the rest
    aligned = align(label, true_m, fitted, kind, ALIGNMENT[kind], disparity_floor=floor)
    if aligned is None:
        return None
    return sum_up(clamp(aligned.depth_m, how.cap), true_m, valid)


def _error(scene: Scene, where: str, kind: LabelKind, sums: Sums) -> Error:
    return Error(scene.name, where, kind, sums.relative / sums.pixels, sums.within1 / sums.pixels)
