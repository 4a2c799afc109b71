"""A teacher's answers to pictures whose depth was measured, under every alignment."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.commands.progress import Advance
from data_manifest.record import Size
from depthgen.config import Crop
from depthgen.engine.predict import Predictor
from depthgen.judging.align import ALIGNMENTS, align
from depthgen.judging.crops import Cap, cut_pair, judged_region
from depthgen.judging.judge import judge
from depthgen.judging.metrics import clamp
from depthgen.judging.pairs import Pair, read_pair
from depthgen.judging.strip import ShownPicture
from depthgen.judging.table import Judged, Rules


class Verdict(NamedTuple):
    """The rows of every picture and alignment, and what a person may look at."""

    rows: list[Judged]
    shown: list[ShownPicture]


def judge_pairs(
    predictor: Predictor, pairs: Sequence[Pair], crop: Crop, cap: Cap, advance: Advance
) -> Verdict:
    """Ask a teacher about every picture. Raises SourceError where one can't be read."""
    verdict = Verdict([], [])
    for pair in pairs:
        rgb, true_m = cut_pair(crop, *read_pair(pair))
        answer = predictor.answers([rgb], Size.of(rgb))[0]
        valid = judged_region(true_m, crop, cap)
        shown = None
        for alignment in ALIGNMENTS:
            aligned = align(answer, true_m, valid, predictor.teacher.meaning.kind, alignment)
            rules = Rules(alignment, crop, cap)
            name = predictor.teacher.name
            verdict.rows.append(judge(name, pair.name, aligned, true_m, valid, rules))
            if shown is None and aligned is not None and alignment != "none":
                depth_m = np.asarray(clamp(aligned.depth_m, cap), np.float32)
                shown = ShownPicture(f"{pair.name}, {alignment}", rgb, true_m, depth_m, valid)
        if shown is not None:
            verdict.shown.append(shown)
        advance(1)
    return verdict
