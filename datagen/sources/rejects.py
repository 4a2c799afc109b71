"""rejects.jsonl: what is left out, and why; an empty file is the normal case."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from data_manifest.files.publish import publish_lines
from data_manifest.header import Kind

REJECTS_FILE = "rejects.jsonl"


class Reject(NamedTuple):
    """A source, or a sample of an import, that is left out, and why."""

    kind: Kind | Literal["sample"]
    file: str
    reason: str


def publish_rejects(folder: Path, rejects: Iterable[Reject]) -> None:
    """Write ``rejects.jsonl``, a line per source or sample that is left out."""
    publish_lines(folder / REJECTS_FILE, (reject._asdict() for reject in rejects))
