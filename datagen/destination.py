"""The folder that a dataset is written to: what is there already, and what may be replaced."""

from collections.abc import Iterable
from pathlib import Path

import click

from data_manifest.dataset import HEADER_FILE, PLAN_FILE, STATS_FILE
from data_manifest.digests import DIGESTS_FILE, file_sha256, note_digest, read_digests
from data_manifest.errors import DatasetError, RecipeError, UsageError
from data_manifest.folder_shard import listed_files
from data_manifest.header import PACKED_FROM, SHARD_ENDINGS, Header
from data_manifest.plan import Plan
from data_manifest.publish import writing
from data_manifest.shard import check_shard, read_label
from datagen.planning.fingerprint import what_changed
from datagen.scan import REJECTS_FILE

FAILURES_FILE = "failures.jsonl"


def refuse_inputs(out: Path, inputs: Iterable[Path]) -> None:
    """Raises UsageError where pictures that are read lie in the folder that is written."""
    for path in inputs:
        if path.resolve().is_relative_to(out.resolve()):
            raise UsageError(
                f"{path} lies in --out {out}, where it could be overwritten; choose another --out."
            )


def refuse_strangers(out: Path) -> None:
    """Raises RecipeError where a folder without a dataset isn't empty."""
    if not out.is_dir() or (out / HEADER_FILE).exists():
        return
    for path in sorted(out.iterdir()):
        if not path.name.startswith("."):
            raise RecipeError(
                f"{out} holds {path.name}, which is no part of a dataset; choose an empty or new "
                "folder as --out, or give --overwrite to write among it."
            )


def claim(out: Path, header: Header, *, overwrite: bool) -> Header | None:
    """Make sure that the dataset of ``header`` may be written to ``out``.

    Gives the header that is there already, if it is of the same dataset. Raises RecipeError where
    the folder holds another dataset, or files in the way.
    """
    old = _old_header(out, overwrite=overwrite)
    if overwrite:
        _clear(out, old)
        return None
    if old is None:
        _refuse_foreign(out)
    elif old.fingerprint != header.fingerprint:
        raise RecipeError(
            f"{out} holds a dataset of another recipe: {what_changed(old, header)}. "
            "Choose another --out, or give --overwrite to replace it."
        )
    return old


def missing_shards(out: Path, header: Header, plan: Plan, *, depth: bool = False) -> list[int]:
    """The shards that aren't there or aren't whole, or lack the header's depth where it matters.

    Notes the digests of those that a killed run finished but couldn't note.
    """
    known, missing = read_digests(out), []
    for number in range(header.shards):
        name = header.shard_name(number)
        if not _is_whole(out / name, header, len(plan.shard_rows(number)), depth=depth):
            missing.append(number)
        elif name not in known:
            note_digest(out, name, file_sha256(out / name))
    return missing


def _is_whole(path: Path, header: Header, samples: int, *, depth: bool) -> bool:
    if not path.exists():
        return False
    try:
        check_shard(path, header.fingerprint, samples)
        return not depth or read_label(path).stages == header.stages
    except RecipeError:
        raise
    except DatasetError as error:
        click.echo(f"Making again: {error}", err=True)
        return False


def _old_header(out: Path, *, overwrite: bool) -> Header | None:
    path = out / HEADER_FILE
    try:
        return Header.read(path) if path.exists() else None
    except DatasetError:
        if overwrite:
            return None
        raise


def _refuse_foreign(out: Path) -> None:
    """Raises RecipeError where files that we would write are there without a dataset."""
    names = [PLAN_FILE, REJECTS_FILE, STATS_FILE, DIGESTS_FILE, FAILURES_FILE]
    for path in [*(out / name for name in names), *_shard_files(out)]:
        if path.exists():
            raise RecipeError(
                f"{path} is in the way and not part of a dataset; choose another --out, or give "
                "--overwrite to replace it."
            )


def _clear(out: Path, old: Header | None) -> None:
    """Delete the dataset in ``out``, and nothing else that may lie there."""
    mine = {old.shard_name(number) for number in range(old.shards)} if old else set()
    with writing(out):
        for path in _shard_files(out):
            if path.name in mine or _is_shard(path):
                if old and old.format == "folder" and PACKED_FROM in old.recipe:
                    for file in listed_files(path):
                        if file.resolve().is_relative_to(out.resolve()):
                            file.unlink(missing_ok=True)
                path.unlink()
        for name in (PLAN_FILE, HEADER_FILE, STATS_FILE, DIGESTS_FILE, FAILURES_FILE):
            (out / name).unlink(missing_ok=True)


def _shard_files(out: Path) -> list[Path]:
    return [p for ending in SHARD_ENDINGS.values() for p in sorted(out.glob(f"[0-9]*{ending}"))]


def _is_shard(path: Path) -> bool:
    try:
        read_label(path)
    except DatasetError:
        return False
    return True
