"""Charts as inline SVG and small pictures; every bar says its number, to eyes and screen readers.

Colours come from the style sheet, so that charts follow the reader's light or dark theme.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from data_manifest.record import Picture
from datagen.geometry import Floats
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


def histogram(values: Floats, label: Axis, what: str, bins: int = BINS) -> Markup:
    """How often values occur, in equal bins from the smallest to the largest."""
    counts, edges = np.histogram(values, bins)
    return bars(counts[None].astype(np.float64), edges, label, lambda n: f"{n:,.0f} {what}")


def bars(
    counts: Floats, edges: Floats, label: Axis, said: Callable[[float], str], names: str = "s0"
) -> Markup:
    """Bars of heights (series, bins), stacked; ``edges`` (bins + 1,) are on the x axis.

    ``label`` writes a number of the x axis, ``said`` a height, ``names`` the classes of the series.
    """
    top = _round_top(float(counts.sum(axis=0).max(initial=0)))
    pieces = [*_grid(top), *_x_axis(edges, label)]
    for number in range(counts.shape[1]):
        span = f"{label(edges[number])} to {label(edges[number + 1])}"
        left, right = (_x(edge, edges) for edge in edges[number : number + 2])
        pieces.append(
            _stack(counts[:, number], (left, right), top, (f"{span}: ", said, names.split()))
        )
    return _svg(pieces, f"bar chart, {counts.shape[1]} bars")


def ranked_bars(
    counts: Floats, titles: Sequence[str], said: Callable[[float], str], names: str
) -> Markup:
    """A bar of stacked heights (series, bars) for each of ``titles``, without an x axis."""
    top = _round_top(float(counts.sum(axis=0).max(initial=0)))
    pieces, edges = _grid(top), np.arange(len(titles) + 1.0)
    for number, title in enumerate(titles):
        left, right = (_x(edge, edges) for edge in edges[number : number + 2])
        pieces.append(
            _stack(counts[:, number], (left, right), top, (f"{title}: ", said, names.split()))
        )
    return _svg(pieces, f"bar chart, {len(titles)} bars")


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
    """Values (h, w) from 0 to their largest as a square picture, dark to bright (Viridis)."""
    level = np.rint(values / (values.max() or 1) * 255).astype(np.uint8)
    picture = np.asarray(cv2.applyColorMap(level, cv2.COLORMAP_VIRIDIS), np.uint8)[..., ::-1]
    return place_map(picture, alt, ends, smooth=smooth)


def place_map(
    picture: Picture, alt: str, ends: tuple[str, str], *, smooth: bool, scale: str = "viridis"
) -> Markup:
    """A small (h, w, 3) uint8 picture of the whole frame, and what the ends of its colours mean."""
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    large = cv2.resize(picture, (HEAT_PIXELS, HEAT_PIXELS), interpolation=how)
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


def _stack(
    heights: Floats,
    span: tuple[float, float],
    top: float,
    said: tuple[str, Callable[[float], str], Sequence[str]],
) -> Markup:
    """One bar of stacked pieces, from ``span[0]`` to ``span[1]``, and what it says."""
    prefix, number, names = said
    pieces, below = [tag("title", prefix + number(float(heights.sum())))], 0.0
    gap = min(1.0, (span[1] - span[0]) / 8)
    for height, name in zip(heights.tolist(), names, strict=False):
        y, bottom = _y((below + height) / top), _y(below / top)
        if height:
            pieces.append(
                tag(
                    "rect",
                    x=f"{span[0] + gap / 2:.2f}",
                    y=f"{y:.2f}",
                    width=f"{span[1] - span[0] - gap:.2f}",
                    height=f"{bottom - y:.2f}",
                    class_=f"{name} fill",
                )
            )
        below += height
    return tag("g", *pieces)


def _svg(pieces: Sequence[Markup], name: str) -> Markup:
    return tag("svg", *pieces, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=name)
