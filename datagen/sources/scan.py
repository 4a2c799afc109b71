"""Reads every source once, before the plan: its digest, size and box, or why it can't be used."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import joblib

from data_manifest.commands.progress import progress
from data_manifest.errors import SourceError, UsageError
from data_manifest.header import KIND_NAMES, Kind, Source
from data_manifest.pictures.finding import find_pictures, is_large_file, picture_ids, read_file
from data_manifest.pictures.safe_open import is_heavy
from data_manifest.record import MASK_FROM
from datagen.sources.dhash import dhash
from datagen.sources.reading import measure_background, read_cutout
from datagen.sources.rejects import Reject


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
    work = (
        joblib.delayed(describe)(kind, folder / name, id_, name)
        for id_, name in zip(picture_ids(names), names, strict=True)
    )
    results: list[Source | str] = []
    with progress(f"Reading {KIND_NAMES[kind]}", len(files), "pictures", quiet=quiet) as advance:
        for result in joblib.Parallel(workers, prefer="threads", return_as="generator")(work):
            results.append(result)
            advance(1)
    pairs = list(zip(names, results, strict=True))
    rejects = [
        Reject(kind, printable(name), result) for name, result in pairs if isinstance(result, str)
    ]
    if rejects and strict:
        raise SourceError(f"{folder / rejects[0].file} can't be used: {rejects[0].reason}.")
    if len(rejects) == len(pairs):
        raise UsageError(
            f"None of the {len(pairs)} pictures in {folder} can be used as {KIND_NAMES[kind]}; "
            f"{rejects[0].file}: {rejects[0].reason}."
        )
    return Scan([result for result in results if isinstance(result, Source)], rejects)


def describe(kind: Kind, path: Path, id_: str, name: str) -> Source | str:
    """The source in file ``path`` that is to be called ``name``, or why it can't be used.

    What takes much memory is done one after the other.
    """
    try:
        if is_large_file(path):
            return _one_by_one().submit(_read, kind, path, id_, name).result()
        content = read_named(path)
        if is_heavy(content):
            return _one_by_one().submit(_source, kind, content, id_, name).result()
        return _source(kind, content, id_, name)
    except SourceError as error:
        return str(error)


@cache
def _one_by_one() -> ThreadPoolExecutor:
    """One thread, no lock: what a thread has freed the C library keeps for that thread."""
    return ThreadPoolExecutor(1)


def _read(kind: Kind, path: Path, id_: str, name: str) -> Source:
    return _source(kind, read_named(path), id_, name)


def _source(kind: Kind, content: bytes, id_: str, name: str) -> Source:
    if kind == "bg":
        pixels, size = measure_background(content)
        box, fill = (0, 0, *size), 1.0
    else:
        pixels, box = read_cutout(content)
        size, fill = box[2:], round(float((pixels[..., 3] >= MASK_FROM).mean()), 6)
    return Source(
        id=id_,
        file=name,
        sha256=hashlib.sha256(content).hexdigest(),
        dhash=dhash(pixels),
        size=size,
        box=box,
        fill=fill,
    )


def read_named(path: Path) -> bytes:
    """A source's content. Raises SourceError where it can't be read, or its name isn't text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SourceError("its name is not valid UTF-8; rename it") from None
    return read_file(path)


def printable(name: str) -> str:
    """The name of a file as it can be written anywhere, on one line."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )
