"""``depthgen evaluate``: a teacher, kinds of labels, or a dataset's labels, judged."""

import json
from collections.abc import Mapping
from pathlib import Path

from data_manifest.commands.progress import progress
from data_manifest.dataset import open_dataset
from data_manifest.files.publish import make_folder, may_write, publish_text
from data_manifest.pictures.sheet import write_png
from data_manifest.record import Picture, Size
from depthgen.config import EvaluateConfig
from depthgen.engine.torch_network import threads_kept
from depthgen.judging.compare_labels import (
    Comparing,
    Comparison,
    compare_labels,
    compositions,
    read_scenes,
)
from depthgen.judging.crops import find_cap
from depthgen.judging.judge import summarise
from depthgen.judging.judge_pairs import judge_pairs
from depthgen.judging.label_table import (
    label_rows,
    label_sheet,
    label_text,
    quality_rows,
    quality_text,
)
from depthgen.judging.measure_dataset import measure_dataset
from depthgen.judging.pairs import find_pairs
from depthgen.judging.pasting import read_cutouts
from depthgen.judging.strip import strips
from depthgen.judging.table import as_text
from depthgen.labels.grounds import GroundDepths
from depthgen.labels.settle import load_predictor, space_of

FRAME = Size(224, 224)
"""The frame of composites that labels are compared on: datasets' own default."""


def evaluate(config: EvaluateConfig) -> str:
    """Judge what was asked for; gives the tables.

    Raises UsageError where pictures or cut-outs aren't there or files would be replaced unasked,
    SourceError where a picture can't be read, DatasetError where a dataset isn't whole.
    """
    if config.data is not None:
        with threads_kept():
            return measure_dataset(config, open_dataset(config.data))
    return _labels(config) if config.labels else _teacher(config)


def _teacher(config: EvaluateConfig) -> str:
    assert config.pairs is not None
    pairs = find_pairs(config.pairs, config.layout)
    files = _may_write(config, "teacher.json", "teacher.png")
    predictor = load_predictor(config, FRAME)
    cap = find_cap(config.cap)
    with progress("Judging", len(pairs), "pictures", quiet=config.quiet) as advance:
        verdict = judge_pairs(predictor, pairs, config.crop, cap, advance)
    summary = summarise(verdict.rows)
    if config.out is not None:
        rows = [row.as_row() for row in [*verdict.rows, *summary]]
        _write(files, {"teacher.json": rows}, strips(verdict.shown))
    return as_text(summary)


def _labels(config: EvaluateConfig) -> str:
    assert config.pairs is not None and config.fg is not None
    pairs = find_pairs(config.pairs, config.layout)
    cutouts = read_cutouts(config.fg, quiet=config.quiet)
    files = _may_write(config, "labels.json", "labels.png")
    predictor = load_predictor(config, FRAME)
    meaning = predictor.teacher.meaning
    how = Comparing(
        predictor,
        GroundDepths(predictor, FRAME, config.views),
        space_of(meaning),
        FRAME,
        config.crop,
        find_cap(config.cap),
        meaning.limits or (float("-inf"), float("inf")),
    )
    scenes = read_scenes(how, pairs)
    total = compositions(scenes, config.n)
    with progress("Comparing", total, "composites", quiet=config.quiet) as advance:
        found = compare_labels(how, scenes, cutouts, config.n, config.seed, advance)
    rows, measures = label_rows(found.errors), quality_rows(found.qualities)
    if config.out is not None:
        content = {"labels": rows, "measures": measures, "agreement": _agreement(found)}
        _write(files, {"labels.json": content}, label_sheet(found, meaning.near_is))
    return "\n".join(
        [
            label_text(rows),
            "",
            f"layered and anchored differ by {_agreement(found):.1%} inside the masks",
            "",
            "Which measure finds composites whose depth outside the mask is wrong:",
            quality_text(measures),
        ]
    )


def _agreement(found: Comparison) -> float:
    return sum(found.agreements) / max(len(found.agreements), 1)


def _may_write(config: EvaluateConfig, *names: str) -> list[Path]:
    """The files to write. Raises UsageError where one is there and may not be replaced."""
    paths = [config.out / name for name in names] if config.out else []
    for path in paths:
        may_write(path, overwrite=config.overwrite)
    return paths


def _write(files: list[Path], tables: Mapping[str, object], picture: Picture) -> None:
    table, look = files
    make_folder(table.parent)
    publish_text(table, json.dumps(tables[table.name], indent=2) + "\n")
    write_png(look, picture, overwrite=True)
