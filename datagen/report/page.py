"""The whole page: one file that needs no other, in the reader's light or dark theme."""

from collections.abc import Sequence
from importlib.resources import files
from string import Template

from datagen.report.colours import colours
from datagen.report.distributions import depth, placing
from datagen.report.facts import Facts
from datagen.report.gallery import doubtful, extremes, open_gallery, samples, suspicious
from datagen.report.markup import Markup, tag
from datagen.report.overview import counts, key_figures, overview
from datagen.report.sources import rejects, sources

CONTENTS = {
    "overview": "Overview",
    "counts": "Counts",
    "samples": "Samples",
    "placing": "Masks and placing",
    "depth": "Depth",
    "trust": "Trust in depth",
    "colours": "Colours",
    "sources": "Sources",
    "extremes": "Extremes",
    "suspicious": "Suspicious",
    "rejects": "Rejects",
}


def page(facts: Facts, rows: Sequence[int], mark: str) -> str:
    """The report as HTML; ``rows`` are the plan rows of the samples shown by split.

    ``mark`` says what it is made of, for programs.
    """
    gallery = open_gallery(facts)
    sections = {
        "overview": overview(facts),
        "counts": counts(facts),
        "samples": samples(facts, gallery, rows),
        "placing": placing(facts),
        "depth": depth(facts) if facts.dataset.header.stages.depth else None,
        "trust": doubtful(facts, gallery),
        "colours": colours(facts),
        "sources": sources(facts),
        "extremes": extremes(facts, gallery),
        "suspicious": suspicious(facts, gallery),
        "rejects": rejects(facts),
    }
    present = [name for name, content in sections.items() if content]
    links = (tag("li", tag("a", CONTENTS[name], href=f"#{name}")) for name in present)
    folder = files(__package__)
    name = facts.dataset.folder.resolve().name
    return Template(folder.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        name=tag("span", name),
        title=_title(name),
        mark=mark,
        style=folder.joinpath("style.css").read_text(encoding="utf-8"),
        figures=key_figures(facts),
        contents=tag("ul", *links),
        body="\n".join(sections[name] or "" for name in present),
        sampled=facts.sampled(),
    )


def _title(name: str) -> Markup:
    return tag("title", f"{name}: what is in this dataset")
