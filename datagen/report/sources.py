"""The report's account of the sources: how often each is used, which look the same, and rejects."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from data_manifest.record import SPLITS
from datagen.planning.geometry import Ints
from datagen.report.charts import figure, legend, ranked_bars
from datagen.report.facts import Facts
from datagen.report.markup import Markup, note, part, section, table, tag
from datagen.report.usage import Usage

MOST_BARS = 60
MOST_ROWS = 12
ENDS = 5
"""Sources shown from the most and from the least used, where there are more than MOST_ROWS."""
MOST_GROUPS = 10
MOST_REJECTS = 100


def sources(facts: Facts) -> Markup:
    """How often every source is used."""
    kinds = (("Backgrounds", facts.backgrounds), ("Foregrounds", facts.foregrounds))
    charts = [_chart(name, usage) for name, usage in kinds]
    names = [(f"s{number}", split) for number, split in enumerate(SPLITS)]
    tables = [part(name, *_table(name, usage), *_twins(usage)) for name, usage in kinds]
    return section(
        "sources", "Sources", tag("div", *charts, class_="charts"), legend(names), *tables
    )


def rejects(facts: Facts) -> Markup:
    """What was left out, and why."""
    found = facts.rejects
    if not found:
        return section("rejects", "Rejects", tag("p", "Nothing was left out."))
    more = f"; the first {MOST_REJECTS} are shown" if len(found) > MOST_REJECTS else ""
    return section(
        "rejects",
        "Rejects",
        tag("p", f"{len(found):,} left out, listed in rejects.jsonl{more}."),
        table(
            ("kind", "file", "reason"), found[:MOST_REJECTS], "What was left out, and why", text=3
        ),
    )


def _chart(name: str, usage: Usage) -> Markup:
    total = usage.total()
    order = np.argsort(-total, kind="stable")
    middle = f"{total.min():,} to {total.max():,} uses each, median {np.median(total):,.0f}."
    if len(order) <= MOST_BARS:
        remark = f"A bar for each, the most used first. {middle}"
        titles = [usage.ids[number] for number in order]
        heights = usage.uses[order].T.astype(np.float64)
    else:
        parts = np.array_split(order, MOST_BARS)
        remark = f"{len(order):,} of them in {MOST_BARS} bars, mean uses, the most used first. "
        remark += middle
        bounds = np.cumsum([0, *map(len, parts)])
        titles = [f"{a + 1:,} to {b:,}" for a, b in pairwise(bounds)]
        heights = np.stack([usage.uses[part].mean(axis=0) for part in parts], axis=1)
    chart = ranked_bars(
        heights, titles, lambda n: f"{n:,.6g} uses", [f"s{n}" for n in range(len(SPLITS))]
    )
    return figure(f"{name}: uses per source", remark, chart)


def _table(name: str, usage: Usage) -> list[Markup]:
    order = np.argsort(-usage.total(), kind="stable")
    if len(order) <= MOST_ROWS:
        return [_rows(f"{name}, the most used first", usage, order)]
    pair = (
        _rows(f"The {ENDS} most used", usage, order[:ENDS]),
        _rows(f"The {ENDS} least used", usage, order[-ENDS:]),
    )
    return [tag("div", *pair, class_="pair")]


def _rows(caption: str, usage: Usage, order: Ints) -> Markup:
    shown = [number for number in range(len(SPLITS)) if usage.uses[:, number].any()]
    rows = (
        (
            tag("span", usage.ids[source], class_="name"),
            f"{usage.uses[source].sum():,}",
            *(f"{usage.uses[source, number]:,}" for number in shown),
        )
        for source in order.tolist()
    )
    return table(("source", "uses", *(SPLITS[number] for number in shown)), rows, caption)


def _twins(usage: Usage) -> Sequence[Markup]:
    if not usage.twins:
        return [note("No two look the same.")]
    groups = [
        tag("li", " = ".join(usage.ids[number] for number in group[:MOST_GROUPS]))
        for group in usage.twins[:MOST_GROUPS]
    ]
    text = (
        f"{sum(map(len, usage.twins)):,} of them, in {len(usage.twins):,} groups, are "
        f"near-duplicates; datagen dedupe shows them. "
    )
    if len(usage.twins) > MOST_GROUPS:
        text += f"The first {MOST_GROUPS} groups:"
    return [note(text), tag("ul", *groups, class_="twins")]
