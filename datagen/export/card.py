"""README.md of an export: a dataset card, as Hugging Face has them, of what the dataset says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import yaml

from data_manifest.dataset import STATS_FILE
from data_manifest.depth_stage import LABEL_WORDS
from data_manifest.files.publish import publish_text
from data_manifest.plan_columns import OTHERS
from datagen.export.fields import depth_formula, pictures, record_fields
from datagen.export.label import CARD_FILE
from datagen.export.loading import DATA_FILES, how_to_load
from datagen.export.parquet import RENAMED
from datagen.export.selection import Selection
from datagen.export.splits import split_meanings

_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M",
          10_000_000: "1M<n<10M", 100_000_000: "10M<n<100M"}  # fmt: skip


def write_card(out: Path, selection: Selection) -> None:
    """Publish README.md in the folder of an export of any format."""
    sections = (_about, _splits, _fields, _depth, _statistics, _loading, _limits, _recipe)
    body = "\n".join(line for section in sections for line in (*section(selection), ""))
    head = yaml.safe_dump(_front_matter(selection), sort_keys=False)
    publish_text(out / CARD_FILE, f"---\n{head}---\n\n{body}")


def dataset_name(selection: Selection) -> str:
    """A name for the dataset that only depends on what it is made of."""
    return f"diorama-{selection.dataset.header.fingerprint[:12]}"


def description(selection: Selection) -> str:
    """What the dataset is, in two sentences."""
    header = selection.dataset.header
    labels = "exact masks" + (" and teacher depth" if header.stages.depth else "")
    return (
        f"{len(selection):,} composites of {header.size} pixels with {labels}: "
        f"cut-outs ({len(header.foregrounds):,}) pasted onto backgrounds "
        f"({len(header.backgrounds):,}) by Diorama. Dataset fingerprint {header.fingerprint}."
    )


def _front_matter(selection: Selection) -> dict[str, Any]:
    header, size = selection.dataset.header, len(selection)
    tasks = ["image-segmentation"] + (["depth-estimation"] if header.stages.depth else [])
    matter: dict[str, Any] = {
        "pretty_name": dataset_name(selection),
        "license": "unknown",
        "task_categories": tasks,
        "size_categories": [next((w for n, w in _SIZES.items() if size < n), "100M<n<1B")],
        "tags": ["synthetic", "compositing"],
    }
    if selection.to in DATA_FILES:
        files = [
            {"split": split, "path": DATA_FILES[selection.to].format(split=split)}
            for split in selection.rows
        ]
        matter["configs"] = [{"config_name": "default", "data_files": files}]
    return matter


def _about(selection: Selection) -> Iterator[str]:
    header = selection.dataset.header
    yield f"# {dataset_name(selection)}\n"
    yield description(selection)
    yield (
        f"Made with `datagen pack --to {selection.to}`"
        + (f", limited to {selection.limit:,} samples spread evenly" if selection.limit else "")
        + ", by "
        + ", ".join(f"{name} {version}" for name, version in header.software.items())
        + "."
    )
    yield from (f"\n- {note}" for note in header.notes)


def _splits(selection: Selection) -> Iterator[str]:
    table = selection.dataset.plan.table
    yield "## Splits\n"
    yield "| split | samples | backgrounds | foregrounds | what it is |\n|---|---|---|---|---|"
    meanings = split_meanings(selection.dataset.header.recipe)
    for split, rows in selection.rows.items():
        part = table.take(rows)
        foregrounds = set(part["fg"].unique().to_pylist())
        if OTHERS in part.column_names:
            others = pc.struct_field(pc.list_flatten(part[OTHERS]), "fg")
            foregrounds |= set(others.unique().to_pylist())
        sources = f"{len(part['bg'].unique()):,} | {len(foregrounds):,}"
        yield f"| {split} | {len(rows):,} | {sources} | {meanings[split]} |"


def _fields(selection: Selection) -> Iterator[str]:
    yield "## A sample\n"
    yield "| part | meaning |\n|---|---|"
    if selection.to == "coco":
        yield "| image | the composite fg_bg, RGB |"
        yield "| annotation | a foreground's visible pixels; a category is a folder of cut-outs |"
        yield "| visible_share | visible pixels of a foreground / those within the frame |"
        return
    plan = selection.dataset.plan
    for name, field in pictures(selection.dataset.header).items():
        yield f"| {name} | {field.text} |"
    for name, field in record_fields(plan).items():
        shown = RENAMED.get(name, name) if selection.to == "parquet" else f"record: {name}"
        yield f"| {shown} | {field.text} |"
    if OTHERS in plan.table.column_names:
        yield f"| {OTHERS} | further foregrounds in drawing order, with the same fields |"


def _depth(selection: Selection) -> Iterator[str]:
    stage = selection.dataset.header.stages.depth
    yield "## Depth\n"
    if stage is None:
        yield "No teacher has run: there is no depth."
        return
    width, height = stage.input_size
    yield f"- teacher: {stage.teacher}, shown pictures at {width} x {height}"
    yield f"- labels: {stage.labels.kind}, {LABEL_WORDS[stage.labels.kind]}"
    yield f"- weights: SHA-256 {stage.weights_sha256}, licence {stage.licence}"
    yield f"- kind: {stage.encoding.kind}; unit: {stage.encoding.unit}"
    yield f"- near is {stage.encoding.near_is}"
    yield f"- stored as 16-bit numbers: depth = {depth_formula(stage.encoding)}"
    if selection.to == "coco":
        yield "- COCO has no place for depth: it isn't in this export"


def _statistics(selection: Selection) -> Iterator[str]:
    path = selection.dataset.folder / STATS_FILE
    yield "## Mean and standard deviation\n"
    if not path.exists():
        yield "Not measured; `datagen stats` does it."
        return
    yield "Of the whole dataset that this was exported from, per channel.\n"
    yield "| split | stream | mean | std | unit |\n|---|---|---|---|---|"
    for split, row in json.loads(path.read_text(encoding="utf-8")).items():
        for stream, part in row.items():
            if isinstance(part, dict):
                mean, std = (" ".join(f"{v:.6f}" for v in part[name]) for name in ("mean", "std"))
                yield f"| {split} | {stream} | {mean} | {std} | {part['unit']} |"


def _loading(selection: Selection) -> Iterator[str]:
    yield "## How to load it\n"
    yield "In this folder:\n"
    split = next(iter(selection.rows))
    code = how_to_load(selection.to, split, selection.dataset.header)
    yield f"```python\n{code}\n```"


def _limits(selection: Selection) -> Iterator[str]:
    yield "## Known limits\n"
    yield "- The licences of the source pictures aren't known: check them before you share this."
    yield "- Composites are not photographs: light and edges of a cut-out may not fit its scene."
    yield "- A mask says where a cut-out's own alpha is; a wrong cut-out gives a wrong mask."
    if selection.dataset.header.stages.depth:
        yield "- Depth is a model's answer for the composite, not ground truth."


def _recipe(selection: Selection) -> Iterator[str]:
    yield "## Recipe\n"
    yield f"```yaml\n{yaml.safe_dump(selection.dataset.header.recipe, sort_keys=False)}```"
