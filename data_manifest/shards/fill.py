"""Many shards made on all workers: digests noted as they are done, and progress shown."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.header import Header
from data_manifest.shards.digests import note_digest, tidy_digests

Task = TypeVar("Task")


class Filled(NamedTuple):
    """A shard that was made: its samples, its SHA-256, and how many of its masks are empty.

    ``failure`` says why it couldn't be made; it is then not there.
    """

    shard: str
    samples: int
    sha256: str = ""
    empty: int = 0
    failure: str = ""


class Filling(NamedTuple):
    """What is done, for how many samples in all, and by how many workers."""

    what: str
    samples: int
    workers: int
    quiet: bool


def fill_shards(
    folder: Path,
    header: Header,
    how: Filling,
    make: Callable[[Task], Filled],
    tasks: Iterable[Task],
) -> list[Filled]:
    """Make a shard of every task; gives what became of each, in the order of their names.

    Raises what ``make`` raises; shards that were done are then kept.
    """
    done: list[Filled] = []
    with progress(how.what, how.samples, "samples", quiet=how.quiet) as advance:
        for filled in each(make, tasks, how.workers):
            if not filled.failure:
                note_digest(folder, filled.shard, filled.sha256)
                advance(filled.samples)
            done.append(filled)
    tidy_digests(folder, header.shard_names())
    return sorted(done)
