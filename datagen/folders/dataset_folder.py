"""The folder that a dataset is written to: what is there already, and what may be replaced."""

from collections.abc import Iterator
from pathlib import Path

from data_manifest.commands.remark import remark
from data_manifest.dataset import HEADER_FILE, PLAN_FILE, STATS_FILE
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.files.claim import Owner, claim
from data_manifest.header import SHARD_ENDINGS, Header
from data_manifest.plan import Plan
from data_manifest.quality import QUALITY_FILE
from data_manifest.shards import check_shard, read_label
from data_manifest.shards.digests import DIGESTS_FILE, file_sha256, note_digest, read_digests
from data_manifest.shards.folder.listing import own_files
from datagen.planning.fingerprint import what_changed
from datagen.sources.rejects import REJECTS_FILE

FAILURES_FILE = "failures.jsonl"
_FILES = (PLAN_FILE, STATS_FILE, DIGESTS_FILE, REJECTS_FILE, FAILURES_FILE, QUALITY_FILE)


def claim_dataset(out: Path, header: Header, *, overwrite: bool) -> Header | None:
    """Make sure that the dataset of ``header`` may be written to ``out``.

    Gives the header that is there already, if it is of the same dataset. Raises RecipeError where
    the folder holds anything else.
    """
    gone_on_with = claim(out, dataset_owner(out, header), overwrite=overwrite)
    return Header.read(out / HEADER_FILE) if gone_on_with else None


def dataset_owner(out: Path, header: Header) -> Owner:
    """What owns a folder that the dataset of ``header`` is to be written to."""

    def difference() -> str:
        old = Header.read(out / HEADER_FILE)
        if old.fingerprint != header.fingerprint:
            return what_changed(old, header)
        if old.maker != header.maker:
            return f"`{old.maker}` makes it, so that is what finishes it"
        return ""

    return Owner(HEADER_FILE, "a dataset", difference, lambda: _files(out))


def missing_shards(
    out: Path, header: Header, plan: Plan, *, quiet: bool, depth: bool = False
) -> list[int]:
    """The shards that aren't there or aren't whole, or lack the header's depth where it matters.

    Notes the digests of those that a killed run finished but couldn't note.
    """
    known, missing = read_digests(out), []
    for number, name in enumerate(header.shard_names()):
        if not (out / name).exists():
            missing.append(number)
            continue
        try:
            check_shard(out / name, header.fingerprint, len(plan.shard_rows(number)))
            if depth and read_label(out / name).stages != header.stages:
                missing.append(number)
            elif name not in known:
                note_digest(out, name, file_sha256(out / name))
        except RecipeError:
            raise
        except DatasetError as error:
            remark(f"Making again: {error}", quiet=quiet)
            missing.append(number)
    return missing


def _files(out: Path) -> Iterator[Path]:
    """What belongs to the dataset in ``out`` but for its header."""
    names = _shard_names(out)
    for ending in SHARD_ENDINGS.values():
        for path in sorted(out.glob(f"[0-9][0-9][0-9][0-9][0-9]*{ending}")):
            if path.name in names or _is_shard(path):
                yield from _loose_files(path)
                yield path
    yield from (out / name for name in _FILES)


def _shard_names(out: Path) -> list[str]:
    try:
        return Header.read(out / HEADER_FILE).shard_names()
    except DatasetError:
        return []


def _is_shard(path: Path) -> bool:
    try:
        read_label(path)
    except DatasetError:
        return False
    return True


def _loose_files(path: Path) -> list[Path]:
    if path.suffix != SHARD_ENDINGS["folder"]:
        return []
    try:
        return own_files(path)
    except DatasetError:
        return []
