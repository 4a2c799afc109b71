"""The report's table of colours: exact where ``datagen stats`` has run, else measured."""

from collections.abc import Iterator, Sequence

from data_manifest.record import SPLITS
from datagen.report.facts import Facts
from datagen.report.markup import Markup, note, section, table, tag
from datagen.report.measure import pooled
from datagen.report.usage import split_codes

_STREAMS = ("bg", "fg_bg")
_HEAD = ("split", "stream", "mean colour", "red", "green", "blue")
_Row = tuple[str, str, Sequence[float], Sequence[float]]  # split, stream, mean and deviation RGB


def colours(facts: Facts) -> Markup:
    """Mean and standard deviation of bg and fg_bg, per split and whole."""
    rows = _exact(facts.stats) if facts.stats else _measured(facts)
    origin = "Exact, from stats.json: every pixel of every sample."
    if not facts.stats:
        origin = f"Measured on {facts.sampled()}; datagen stats measures every pixel."
    return section(
        "colours",
        "Colours",
        table(_HEAD, map(_cells, rows), "Mean ± standard deviation, as fractions of 255", text=3),
        note(origin),
    )


def _cells(row: _Row) -> tuple[str, ...]:
    split, stream, mean, std = row
    levels = " ".join(f"{255 * channel:.0f}" for channel in mean)
    swatch = tag("i", class_="swatch", style=f"background:rgb({levels})", title=f"rgb({levels})")
    numbers = (f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, std, strict=True))
    return (split, tag("code", stream), swatch, *numbers)


def _exact(stats: dict[str, dict[str, dict[str, list[float]]]]) -> Iterator[_Row]:
    for split in (*SPLITS, "all"):
        for stream in _STREAMS if split in stats else ():
            yield split, stream, stats[split][stream]["mean"], stats[split][stream]["std"]


def _measured(facts: Facts) -> Iterator[_Row]:
    split = split_codes(facts.dataset.plan)[facts.measured.rows]
    for number, name in enumerate((*SPLITS, "all")):
        chosen = facts.measured.colour[(split == number) | (name == "all")]
        if len(chosen):
            mean, std = pooled(chosen / 255)
            for stream, *values in zip(_STREAMS, mean.tolist(), std.tolist(), strict=True):
                yield name, stream, *values
