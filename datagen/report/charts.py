"""Charts as inline SVG and small pictures; every bar tells its number when pointed at.

Colours come from the style sheet, so that charts follow the reader's light or dark theme.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import cv2
import numpy as np

from data_manifest.record import Picture
from datagen.planning.geometry import Floats
from datagen.report.markup import Markup, note, tag, together
from datagen.report.tiles import png_uri

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 18, 8, 26
BINS = 24
HEAT_PIXELS = 256

Axis = Callable[[float], str]


def figure(title: str, remark: str, *children: str) -> Markup:
    """A chart under its title, with a remark that says what it shows."""
    caption = tag("figcaption", tag("strong", title), note(remark))
    return tag("figure", caption, *children)


def histogram(values: Floats, label: Axis, what: str) -> Markup:
    """How often values occur, in equal bins from the smallest to the largest."""
    counts, edges = np.histogram(values, BINS)
    return bars(counts[None].astype(np.float64), edges, label, lambda n: f"{n:,.0f} {what}")


def bars(
    counts: Floats, edges: Floats, label: Axis, said: Axis, names: Sequence[str] = ("s0",)
) -> Markup:
    """Bars of heights (series, bins), stacked; ``edges`` (bins + 1,) are on the x axis.

    ``label`` writes a number of the x axis, ``said`` a height, ``names`` the classes of the series.
    """
    spans = [f"{label(low)} to {label(high)}" for low, high in pairwise(edges)]
    titles = [f"{span}: {said(n)}" for span, n in zip(spans, counts.sum(axis=0), strict=True)]
    return _chart(counts, edges, titles, names, _x_axis(edges, label))


def ranked_bars(counts: Floats, sources: Sequence[str], said: Axis, names: Sequence[str]) -> Markup:
    """A bar of stacked heights (series, bars) for each of ``sources``, without an x axis."""
    titles = [f"{source}: {said(n)}" for source, n in zip(sources, counts.sum(axis=0), strict=True)]
    return _chart(counts, np.arange(len(sources) + 1.0), titles, names, [])


def shares(parts: Sequence[tuple[str, str, int]]) -> Markup:
    """One bar, divided into (class, name, count), with a legend."""
    total = sum(count for _, _, count in parts) or 1
    pieces = [
        tag("i", class_=f"{name} fill", style=f"flex:{count}", title=f"{text}: {count:,}")
        for name, text, count in parts
        if count
    ]
    items = ((name, f"{text} {count / total:.1%}") for name, text, count in parts)
    return together([tag("div", *pieces, class_="shares", aria_hidden="true"), legend(items)])


def legend(items: Iterable[tuple[str, str]]) -> Markup:
    """What colours mean: (class, name) each."""
    entries = (tag("li", tag("i", class_=f"{name} fill"), text) for name, text in items)
    return tag("ul", *entries, class_="legend")


def heat_map(values: Floats, alt: str, ends: tuple[str, str], *, smooth: bool) -> Markup:
    """Values (h, w) from 0 to their largest as a picture, dark to bright (Viridis)."""
    level = np.rint(values / (values.max() or 1) * 255).astype(np.uint8)
    picture = np.asarray(cv2.applyColorMap(level, cv2.COLORMAP_VIRIDIS), np.uint8)[..., ::-1]
    return place_map(picture, alt, ends, smooth=smooth)


def place_map(
    picture: Picture, alt: str, ends: tuple[str, str], *, smooth: bool, scale: str = "viridis"
) -> Markup:
    """A small (h, w, 3) uint8 picture of the whole frame, and what the ends of its colours mean."""
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    factor = HEAT_PIXELS / max(picture.shape[:2])
    large = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how)
    key = (tag("span", ends[0]), tag("i", class_=scale), tag("span", ends[1]))
    image = tag("img", src=png_uri(np.asarray(large, np.uint8)), alt=alt, class_="heat")
    return together([image, tag("div", *key, class_="scale")])


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return float(power * next(n for n in (1, 2, 2.5, 5, 10) if n * power >= step * (1 - 1e-9)))


def _round_top(most: float) -> float:
    step = _round_step(most / 4 or 1.0)
    return max(math.ceil(most / step - 1e-9), 1) * step


def _x(value: float, edges: Floats) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * float((value - edges[0]) / (edges[-1] - edges[0]))


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share


def _grid(top: float) -> list[Markup]:
    step = _round_step(top / 4)
    pieces = []
    for number in range(round(top / step) + 1):
        y = f"{_y(number * step / top):.1f}"
        pieces.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        pieces.append(
            tag("text", _short(number * step), x=LEFT - 6, y=y, dy="0.32em", text_anchor="end")
        )
    return pieces


def _short(value: float) -> str:
    """A number in few characters: 250, 4k, 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:,.4g}{letter}"
    return f"{value:.4g}"


def _x_axis(edges: Floats, label: Axis) -> list[Markup]:
    low, high = float(edges[0]), float(edges[-1])
    step = _round_step((high - low) / 6)
    ticks = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    return [
        tag("text", label(tick), x=f"{_x(tick, edges):.1f}", y=HEIGHT - 6, text_anchor="middle")
        for tick in ticks
    ]


def _chart(
    counts: Floats,
    edges: Floats,
    titles: Sequence[str],
    names: Sequence[str],
    axis: Sequence[Markup],
) -> Markup:
    total = counts.sum(axis=0)
    top = _round_top(float(total.max()))
    pieces = [*_grid(top), *axis]
    for heights, span, title in zip(counts.T, pairwise(edges), titles, strict=True):
        left, right = (_x(edge, edges) for edge in span)
        pieces.append(tag("g", tag("title", title), *_stack(heights / top, left, right, names)))
    name = f"bar chart of {len(titles)} bars; the highest is {titles[int(total.argmax())]}"
    return tag("svg", *pieces, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=name)


def _stack(heights: Floats, left: float, right: float, names: Sequence[str]) -> Iterator[Markup]:
    """The pieces of one bar, as shares of the chart's height, the first at the bottom."""
    gap = min(1.0, (right - left) / 8)
    tops = np.cumsum(heights)
    for height, upper, name in zip(heights, tops, names, strict=True):
        if height:
            yield tag(
                "rect",
                x=f"{left + gap / 2:.2f}",
                y=f"{_y(upper):.2f}",
                width=f"{right - left - gap:.2f}",
                height=f"{_y(upper - height) - _y(upper):.2f}",
                class_=f"{name} fill",
            )
