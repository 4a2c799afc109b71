"""shards.jsonl: the SHA-256 that every shard had when it was written.

A line is added for every shard, so that nothing is lost when a run is killed; whoever ends well
leaves one line per shard, in order. A shard is as it was written if any of its lines says so: a
stage that replaces shards adds the line of the new one before it takes the place of the old.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from data_manifest.files.publish import publish_text, refuse_link, writing

DIGESTS_FILE = "shards.jsonl"
_PIECE = 2**20


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def note_digest(folder: Path, shard: str, sha256: str) -> None:
    """Add what ``shard`` now is. Raises WriteError, DatasetError where a link is there."""
    path = folder / DIGESTS_FILE
    refuse_link(path)
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(_line(shard, sha256))
        file.flush()
        os.fsync(file.fileno())


def read_digests(folder: Path) -> dict[str, list[str]]:
    """All digests noted for every shard, the latest last. Lines cut off by a kill are left out."""
    found: dict[str, list[str]] = {}
    path = folder / DIGESTS_FILE
    for line in (
        path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ()
    ):
        try:
            entry = json.loads(line)
            found.setdefault(entry["shard"], []).append(entry["sha256"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def tidy_digests(folder: Path, shards: Iterable[str]) -> None:
    """Keep the latest line of each of ``shards`` that has one."""
    found = read_digests(folder)
    lines = [_line(shard, found[shard][-1]) for shard in shards if shard in found]
    publish_text(folder / DIGESTS_FILE, "".join(lines))


def _line(shard: str, sha256: str) -> str:
    return json.dumps({"shard": shard, "sha256": sha256}) + "\n"
