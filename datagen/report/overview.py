"""The report's first parts: what dataset this is, what stands out, and how much there is."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from data_manifest.commands.options import shown
from data_manifest.dataset import HEADER_FILE, PLAN_FILE
from data_manifest.record import SPLITS
from datagen.planning.recipe import Recipe
from datagen.report.charts import shares
from datagen.report.facts import Facts
from datagen.report.markup import Markup, note, part, section, table, tag, together
from datagen.report.usage import Usage, split_codes


def overview(facts: Facts) -> Markup:
    """What dataset this is."""
    header = facts.dataset.header
    depth = header.stages.depth
    teacher = "none has run yet; depthgen run adds depth"
    if depth:
        kind = depth.encoding.kind.replace("_", " ")
        teacher = (
            f"{depth.teacher}, {depth.labels.kind} labels, {kind}, unit {depth.encoding.unit}, "
            f"near is {depth.encoding.near_is}, licence {depth.licence}"
        )
    entries: list[tuple[str, str]] = [
        ("format", f"{header.format}, {header.codec}, schema version {header.schema_version}"),
        ("teacher", teacher),
        ("maps", "instance and amodal" if header.maps else "none, one foreground a sample"),
        ("on disk", _on_disk(facts)),
        ("made by", ", ".join(f"{name} {number}" for name, number in header.software.items())),
        ("fingerprint", tag("code", header.fingerprint)),
    ]
    lines = [tag("div", tag("dt", name), tag("dd", text)) for name, text in entries]
    return section(
        "overview",
        "Overview",
        tag("dl", *lines),
        part("What stands out", _standing_out(facts)),
        part("Options that differ from the defaults", _options(header.recipe)),
        *([part("Notes", _list(header.notes))] if header.notes else []),
    )


def key_figures(facts: Facts) -> Markup:
    """The largest numbers, to be read at a glance."""
    header = facts.dataset.header
    figures = [
        (f"{len(facts.dataset):,}", "samples"),
        (f"{shown(header.size)} px", "each side" if len(set(header.size)) == 1 else "each picture"),
        (f"{len(header.backgrounds):,}", "backgrounds"),
        (f"{len(header.foregrounds):,}", "foregrounds"),
        (f"{header.shards:,}", f"{header.format} shard{'s' if header.shards != 1 else ''}"),
        (in_bytes(_bytes(facts)[0]), "in shards"),
    ]
    return tag(
        "ul",
        *(tag("li", tag("b", number), tag("span", name)) for number, name in figures),
        class_="figures",
    )


def counts(facts: Facts) -> Markup:
    """Samples and sources per split."""
    samples = np.bincount(split_codes(facts.dataset.plan), minlength=len(SPLITS)).tolist()
    used = [usage.per_split() for usage in (facts.backgrounds, facts.foregrounds)]
    rows = [
        (split, *_count(samples[n], sum(samples)), *(f"{of[n]:,}" for of in used))
        for n, split in enumerate(SPLITS)
        if samples[n]
    ]
    rows.append(("all", *_count(sum(samples), sum(samples)), *_used(facts)))
    parts = [(f"s{n}", split, samples[n]) for n, split in enumerate(SPLITS)]
    return section(
        "counts",
        "Counts",
        shares([one for one in parts if one[2]]),
        table(
            ("split", "samples", "share", "backgrounds used", "foregrounds used"),
            rows,
            "Samples and distinct sources per split",
        ),
        note(
            "train: both sources may be trained on; val: both are unseen; val_bg: the background "
            "is; val_fg: the foreground is."
        ),
    )


def in_bytes(count: float) -> str:
    """A number of bytes for people."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(int(math.log10(max(count, 1))) // 3, len(units) - 1)
    return f"{float(f'{count / 1000**power:.3g}'):,g} {units[power]}"


def _count(samples: int, total: int) -> tuple[str, str]:
    return f"{samples:,}", f"{samples / max(total, 1):.1%}"


def _used(facts: Facts) -> Iterator[str]:
    for usage in (facts.backgrounds, facts.foregrounds):
        yield f"{np.count_nonzero(usage.total()):,}"


def _bytes(facts: Facts) -> tuple[int, int]:
    """Bytes of the shards, and of plan and header."""
    folder, header = facts.dataset.folder, facts.dataset.header
    shards = (folder / header.shard_name(number) for number in range(header.shards))
    rest = (folder / name for name in (PLAN_FILE, HEADER_FILE))
    return sum(p.stat().st_size for p in shards), sum(p.stat().st_size for p in rest)


def _on_disk(facts: Facts) -> str:
    shards, rest = _bytes(facts)
    return (
        f"{in_bytes(shards)} in shards, {in_bytes(shards / max(len(facts.dataset), 1))} a sample; "
        f"plan and header {in_bytes(rest)}"
    )


def _options(recipe: dict[str, object]) -> Markup:
    """Options that differ from the defaults; of those without one, all."""
    defaults = Recipe.model_validate({}).described()
    lines = [
        tag(
            "li",
            tag("code", f"--{name.replace('_', '-')} {shown(value)}"),
            tag("small", f"default {shown(defaults[name])}") if name in defaults else "",
        )
        for name, value in sorted(recipe.items())
        if name not in defaults or defaults[name] != value
    ]
    if not lines:
        return tag("p", "None: every option has its default.")
    return tag("ul", *lines, class_="options")


def _standing_out(facts: Facts) -> Markup:
    lines = list(_remarkable(facts))
    if not lines:
        return tag("p", "Nothing: no suspicious sample, no unused source, nothing left out.")
    return _list(lines)


def _remarkable(facts: Facts) -> Iterator[Markup]:
    for finding in facts.suspicious:
        if finding.found:
            text = f"{finding.found:,} of {finding.among}"
            yield together([tag("a", text, href="#suspicious"), f" have {finding.what}"])
    for name, usage in (("backgrounds", facts.backgrounds), ("foregrounds", facts.foregrounds)):
        yield from _about_sources(name, usage)
    if facts.rejects:
        text = f"{len(facts.rejects):,} sources"
        yield together([tag("a", text, href="#rejects"), " were left out"])


def _about_sources(name: str, usage: Usage) -> Iterator[Markup]:
    unused = int(np.count_nonzero(usage.total() == 0))
    if unused:
        text = f"{unused:,} of {len(usage.ids):,} {name}"
        yield together([tag("a", text, href="#sources"), " are never used"])
    if usage.twins:
        text = f"{sum(map(len, usage.twins)):,} {name}"
        yield together([tag("a", text, href="#sources"), " are near-duplicates"])


def _list(lines: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", line) for line in lines))
