"""The report's pictures: samples of every split, the extremes, and the suspicious ones."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from datagen.planning.geometry import Floats
from datagen.report.charts import figure, histogram
from datagen.report.distributions import limits
from datagen.report.facts import Facts
from datagen.report.findings import Finding
from datagen.report.markup import Markup, note, part, section, tag, together
from datagen.report.tiles import Gallery

MEANINGS = {
    "saturated": "Share of a label's pixels at the ends of what can be stored.",
    "shift": "How far the teacher's answer to the composite lies off the background's own depth.",
    "flip": "How far it lies off the answer to the mirror image.",
    "pop": "How far the foreground stands out in front of what it hides.",
    "disagreement": "One less the rank correlation with a second teacher.",
}


def open_gallery(facts: Facts) -> Gallery:
    """How the dataset's samples are shown; all with the same colours of depth."""
    header = facts.dataset.header
    if header.stages.depth is None:
        return Gallery(facts.dataset, (0.0, 1.0))
    return Gallery(facts.dataset, limits(facts.measured.depth, header.stages.depth.encoding, 1))


def samples(facts: Facts, gallery: Gallery, rows: Sequence[int]) -> Markup:
    """Contact sheets of plan rows ``rows``, by split."""
    plan = facts.dataset.plan
    parts = []
    for split, of_split in groupby(rows, key=lambda row: plan[row].split):
        total = np.count_nonzero(plan.is_word("split", split))
        chosen = list(of_split)
        title = together([split, " ", tag("small", f"{len(chosen)} of {total:,}")])
        parts.append(part(title, _cards(gallery, chosen)))
    return section("samples", "Samples", note(_key(gallery)), *parts)


def extremes(facts: Facts, gallery: Gallery) -> Markup:
    """The smallest, largest and most occluded."""
    parts = [
        part(
            finding.what.capitalize(),
            _cards(gallery, finding.rows, finding.reasons, parts=finding.what == "most occluded"),
        )
        for finding in facts.extremes
    ]
    about = f"Found among {facts.sampled()}."
    if any(finding.what == "most occluded" for finding in facts.extremes):
        about += " Seen parts of foregrounds are bright, hidden ones dim."
    return section("extremes", "Extremes", note(about), *parts)


def suspicious(facts: Facts, gallery: Gallery) -> Markup:
    """What may be wrong, each kind with its worst samples."""
    parts = [_suspicion(finding, gallery) for finding in facts.suspicious]
    return section("suspicious", "Suspicious samples", *parts)


def doubtful(facts: Facts, gallery: Gallery) -> Markup | None:
    """How far depth labels can be trusted: each measure's values, and its worst samples."""
    if not facts.quality:
        return None
    charts = [
        figure(name.capitalize(), MEANINGS[name], histogram(_known(values), _number, "samples"))
        for name, values in facts.quality.items()
        if name in MEANINGS
    ]
    parts = [
        part(finding.what.capitalize(), _cards(gallery, finding.rows, finding.reasons))
        for finding in facts.doubtful
    ]
    about = "Of all samples. Any of these may be a condition: --where 'shift < 0.1'."
    return section(
        "trust", "Trust in depth", note(about), tag("div", *charts, class_="charts"), *parts
    )


def _known(values: npt.NDArray[np.float32]) -> Floats:
    return values[~np.isnan(values)].astype(np.float64)


def _number(value: float) -> str:
    return f"{value:.3g}"


def _suspicion(finding: Finding, gallery: Gallery) -> Markup:
    title = finding.what.capitalize()
    if not finding.found:
        return part(title, tag("p", f"None of {finding.among}."))
    more = f"; the {len(finding.rows)} worst" if finding.found > len(finding.rows) else ""
    return part(
        title,
        tag("p", f"{finding.found:,} of {finding.among}{more}."),
        _cards(gallery, finding.rows, finding.reasons),
    )


def _cards(
    gallery: Gallery, rows: Sequence[int], reasons: Sequence[str] = (), *, parts: bool = False
) -> Markup:
    texts = reasons or [""] * len(rows)
    cards = (gallery.card(row, text, parts=parts) for row, text in zip(rows, texts, strict=True))
    return tag("div", *cards, class_="cards")


def _key(gallery: Gallery) -> str:
    text = "Large: fg_bg. Beside it, from top to bottom: bg, mask"
    depth = gallery.dataset.header.stages.depth
    if depth is None:
        return f"{text}."
    unit = depth.encoding.suffix
    low, high = gallery.limits
    return f"{text}, and depth, near warm and far cold, {low:.2g} to {high:.2g}{unit}."
