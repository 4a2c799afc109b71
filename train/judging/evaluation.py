"""All that is found of a student, as JSON and as a table of its samples."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from data_manifest.files.publish import publish_text, publishing
from train.judging.groups import Group
from train.judging.measure import JudgedSample, Metrics

COLUMNS = tuple(field.name for field in fields(JudgedSample))
_WORDS = ("key", "split", "bg", "fg")
SCHEMA = pa.schema(
    [
        (name, pa.string() if name in _WORDS else pa.int64() if name == "index" else pa.float64())
        for name in COLUMNS
    ]
)
"""The columns of evaluation.parquet, a row a sample."""


class Evaluation(NamedTuple):
    """What was found.

    ``student`` says in words what was judged; ``unit`` is that of depth errors. ``splits`` are
    metrics by split and predictor, ``groups`` are by kind, over all splits together, ``legacy`` the
    student's figures of earlier systems by split, where asked for. ``notes`` are sentences on what
    was left out.
    """

    student: str
    origin: str
    size: tuple[int, int]
    unit: str
    splits: dict[str, dict[str, Metrics]]
    groups: dict[str, list[Group]]
    legacy: dict[str, dict[str, float]]
    notes: list[str]

    def write(self, path: Path) -> None:
        """Publish as JSON."""
        content: dict[str, Any] = self._asdict()
        content["groups"] = {
            kind: [group._asdict() for group in found] for kind, found in self.groups.items()
        }
        publish_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_samples(path: Path, samples: Sequence[JudgedSample]) -> None:
    """Publish the samples as Parquet, in the order in which they were judged."""
    columns = {name: [getattr(sample, name) for sample in samples] for name in COLUMNS}
    table = pa.table(columns, SCHEMA)
    with publishing(path) as temporary:
        pq.write_table(table, temporary)
