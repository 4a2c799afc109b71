"""The report's charts: masks, placements and depth."""

import numpy as np

from data_manifest.depth_stage import DepthEncoding
from data_manifest.pictures.sheet import depth_tile
from datagen.planning.geometry import Floats
from datagen.report.charts import BINS, bars, figure, heat_map, histogram, legend, place_map
from datagen.report.facts import Facts
from datagen.report.markup import Markup, section, tag
from datagen.report.measure import heat_cells

CENTRE_CELLS = 32


def placing(facts: Facts) -> Markup:
    """How large masks are, and where and how foregrounds lie."""
    placed, labelled = facts.placed, facts.placed.labelled
    scale, angle = placed.scale[labelled], placed.angle[labelled]
    of_plan = f"All {len(scale):,} labelled placements of the plan."
    charts = [
        _areas(facts),
        figure(
            "Scale",
            f"Longer side, as a share of the frame's shorter one. {of_plan} "
            f"Median {np.median(scale):.1%}.",
            histogram(scale, _percent, "placements"),
        ),
        _masks(facts),
        _centres(facts),
    ]
    if np.any(angle):
        turn = f"Turn counter-clockwise. {of_plan}"
        charts.append(figure("Angle", turn, histogram(angle, _degrees, "placements")))
    return section("placing", "Masks and placing", tag("div", *charts, class_="charts"))


def depth(facts: Facts) -> Markup:
    """Which depths occur, on foregrounds and elsewhere."""
    encoding = facts.dataset.depth_encoding
    unit = encoding.suffix
    levels = np.arange(facts.measured.depth.shape[1]) * encoding.scale + encoding.offset
    low, high = limits(facts.measured.depth, encoding, 0.1)
    edges = np.linspace(low, max(high, low + encoding.scale), BINS + 1)
    parts = facts.measured.depth / facts.measured.depth.sum() * 100
    share = np.stack([np.histogram(levels, edges, weights=part)[0] for part in parts])
    chart = figure(
        "Depth",
        f"Share of pixels in %, by depth{unit and ' in metres'}, near is {encoding.near_is}; "
        f"without the outermost 0.1 % at either end. Measured on {facts.sampled()}.",
        bars(
            share,
            edges,
            lambda n: f"{n:.3g}{unit}",
            lambda n: f"{n:.2f}% of pixels",
            ("rest", "s0"),
        ),
        legend([("rest", "elsewhere"), ("s0", "on foregrounds")]),
    )
    return section("depth", "Depth", tag("div", chart, _far(facts, unit), class_="charts"))


def _far(facts: Facts, unit: str) -> Markup:
    far, near_is = facts.measured.far, facts.dataset.depth_encoding.near_is
    ends = float(far.min()), float(far.max())
    picture = depth_tile(far.astype(np.float32), ends, near_is)
    from_near = ends if near_is == "small" else ends[::-1]
    near, distant = (f"{value:.3g}{unit}" for value in from_near)
    return figure(
        "Mean depth of a place",
        f"Near is warm. Measured on {facts.sampled()}.",
        place_map(
            picture,
            "map of the mean depth",
            (f"near {near}", f"far {distant}"),
            smooth=True,
            scale="turbo",
        ),
    )


def limits(counts: Floats, encoding: DepthEncoding, percent: float) -> tuple[float, float]:
    """Depths that ``percent`` of the counted pixels stay below, and above."""
    share = np.cumsum(counts.sum(axis=0)) / max(counts.sum(), 1) * 100
    first, last = np.searchsorted(share, [percent, 100 - percent])
    ends = [float(n) * encoding.scale + encoding.offset for n in (first, last)]
    return min(ends), max(ends)


def _areas(facts: Facts) -> Markup:
    area = facts.measured.area
    return figure(
        "Mask area",
        f"Share of the frame that is mask. Measured on {facts.sampled()}. "
        f"Median {np.median(area):.1%}, mean {area.mean():.1%}.",
        histogram(area, _percent, "samples"),
    )


def _masks(facts: Facts) -> Markup:
    heat = facts.measured.heat
    return figure(
        "Where masks lie",
        f"How often a place is mask. Measured on {facts.sampled()}.",
        heat_map(heat, "heat map: the mean of all masks", ("0%", f"{heat.max():.0%}"), smooth=True),
    )


def _centres(facts: Facts) -> Markup:
    centres = facts.placed.centres(facts.size)[facts.placed.labelled]
    within = ((centres >= 0) & (centres < 1)).all(axis=1)
    bins = heat_cells(facts.size, CENTRE_CELLS).shape
    cells, _, _ = np.histogram2d(centres[within, 1], centres[within, 0], bins, ((0, 1), (0, 1)))
    outside = f" {np.count_nonzero(~within):,} lie out of the frame." if not within.all() else ""
    return figure(
        "Where boxes have their centre",
        f"All {len(centres):,} labelled placements of the plan.{outside}",
        heat_map(
            cells, "heat map: centres of boxes", ("0", f"{cells.max():,.0f} a cell"), smooth=False
        ),
    )


def _percent(value: float) -> str:
    return f"{round(value * 100, 2):g}%"


def _degrees(value: float) -> str:
    return f"{round(value, 1):g}°"
