"""Reads every source once, before the plan: its digest, size and box, or why it can't be used."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import joblib

from data_manifest.errors import SourceError, UsageError
from data_manifest.header import Source
from data_manifest.progress import progress
from data_manifest.record import Picture
from datagen.duplicates import dhash
from datagen.sources import Box, find_pictures, read_background, read_cutout

Kind = Literal["bg", "fg"]
KIND_NAMES: dict[Kind, str] = {"bg": "backgrounds", "fg": "foregrounds"}


class Reject(NamedTuple):
    """A source that is left out, and why."""

    kind: Kind
    file: str
    reason: str


class Scan(NamedTuple):
    """The usable sources of one kind, and the others."""

    sources: list[Source]
    rejects: list[Reject]


def scan(kind: Kind, folder: Path, *, workers: int, strict: bool, quiet: bool) -> Scan:
    """Read all pictures under ``folder``.

    Raises UsageError where there is none that can be used, SourceError at the first that can't be
    used with ``strict``.
    """
    files = find_pictures(folder)
    names = [path.relative_to(folder).as_posix() for path in files]
    inspect = _inspect_background if kind == "bg" else _inspect_cutout
    work = (
        joblib.delayed(_try)(inspect, folder, id_, name)
        for id_, name in zip(source_ids(names), names, strict=True)
    )
    results: list[Source | str] = []
    with progress(f"Reading {KIND_NAMES[kind]}", len(files), "pictures", quiet=quiet) as advance:
        for result in joblib.Parallel(workers, prefer="threads", return_as="generator")(work):
            results.append(result)
            advance(1)
    pairs = list(zip(names, results, strict=True))
    rejects = [Reject(kind, name, result) for name, result in pairs if isinstance(result, str)]
    if rejects and strict:
        raise SourceError(f"{folder / rejects[0].file} can't be used: {rejects[0].reason}.")
    if len(rejects) == len(pairs):
        raise UsageError(
            f"None of the {len(pairs)} pictures in {folder} can be used as {KIND_NAMES[kind]}; "
            f"{rejects[0].file}: {rejects[0].reason}."
        )
    return Scan([result for result in results if isinstance(result, Source)], rejects)


def source_ids(names: list[str]) -> list[str]:
    """Ids for relative paths: without the ending where that is unique, else with it."""
    short = [str(Path(name).with_suffix("")) for name in names]
    count = Counter(short)
    return [cut if count[cut] == 1 else name for cut, name in zip(short, names, strict=True)]


def _try(
    inspect: Callable[[Path, str, str], Source], folder: Path, id_: str, name: str
) -> Source | str:
    try:
        return inspect(folder, id_, name)
    except SourceError as error:
        return str(error)


def _inspect_background(folder: Path, id_: str, name: str) -> Source:
    pixels = read_background(folder / name)
    height, width = pixels.shape[:2]
    return _source(folder, id_, name, pixels, (0, 0, width, height))


def _inspect_cutout(folder: Path, id_: str, name: str) -> Source:
    pixels, box = read_cutout(folder / name)
    return _source(folder, id_, name, pixels, box)


def _source(folder: Path, id_: str, name: str, pixels: Picture, box: Box) -> Source:
    return Source(
        id=id_,
        file=name,
        sha256=hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        dhash=dhash(pixels),
        size=(pixels.shape[1], pixels.shape[0]),
        box=box,
    )
