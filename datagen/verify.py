"""``datagen verify``: is a dataset what it says it is, and ``--repair`` of what isn't."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import click

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.dataset import HEADER_FILE, PLAN_FILE, dataset_folder
from data_manifest.errors import DatasetError
from data_manifest.files.lock import locked
from data_manifest.files.publish import remove_leftovers
from data_manifest.header import Header
from data_manifest.plan import Plan
from data_manifest.shards.digests import read_digests
from data_manifest.shards.fill import Filling, fill_shards
from datagen.checking.check_plan import header_problems, plan_problems
from datagen.checking.check_shard import Checked, Fault, ShardCheck, check_samples
from datagen.config import VerifyConfig
from datagen.drawing.draw_shard import draw_shard
from datagen.drawing.ingredients import Ingredients, find_ingredients, read_recipe
from datagen.planning.fingerprint import PLAN_VERSION, plan_version_of
from datagen.planning.make_plan import make_plan


class Subject(NamedTuple):
    """A dataset under examination; ``ingredients`` are None where they aren't at hand."""

    config: VerifyConfig
    header: Header
    ingredients: Ingredients | None


def verify(config: VerifyConfig) -> str:
    """Check a dataset, and with ``repair`` draw again what is broken; gives a summary.

    Raises UsageError where there is no dataset, DatasetError where something is wrong that wasn't
    or couldn't be repaired.
    """
    with _alone(config):
        subject = _subject(config)
        faults = _examine(subject)
        rounds = 2 if config.repair else 0  # a broken plan hides broken shards
        while faults and rounds:
            _repair(subject, faults)
            remark("What was found is made again; reading it all once more.", quiet=config.quiet)
            subject, rounds = _subject(config), rounds - 1
            faults = _examine(subject)
    if faults:
        raise DatasetError(_verdict(subject, faults))
    header = subject.header
    return f"{header.samples:,} samples in {header.shards:,} shards of {config.data} are right"


@contextmanager
def _alone(config: VerifyConfig) -> Iterator[None]:
    """Under the folder's lock; a folder that may not be written is only read."""
    dataset_folder(config.data)
    if not config.repair and not os.access(config.data, os.W_OK):
        yield
        return
    with locked(config.data):
        remove_leftovers(config.data)
        yield


def _subject(config: VerifyConfig) -> Subject:
    header = Header.read(config.data / HEADER_FILE)
    problems = list(header_problems(header, read_recipe(header)))
    if problems:
        raise DatasetError(
            f"{config.data / HEADER_FILE} can't be trusted, so nothing else was looked at: "
            f"{problems[0]}. Run the same `datagen overlay` again with --overwrite, or bring back "
            "the file."
        )
    return Subject(config, header, find_ingredients(header, config.data, config.bg, config.fg))


def _verdict(subject: Subject, faults: Sequence[Fault]) -> str:
    config = subject.config
    files = len({fault.file for fault in faults})
    text = f"{len(faults):,} things are wrong with {files:,} files of {config.data}"
    if config.repair:
        return f"{text}, and couldn't be repaired."
    if not subject.header.folders:
        return f"{text}; it was imported or packed, so import or pack it once more."
    return f"{text}; `datagen verify {config.data} --repair` makes them again."


def _examine(subject: Subject) -> list[Fault]:
    """Read the whole dataset; says on screen what is wrong."""
    try:
        plan = Plan.read(subject.config.data / PLAN_FILE)
    except DatasetError as error:
        faults = [Fault(PLAN_FILE, str(error).rstrip("."))]
    else:
        problems = plan_problems(subject.header, plan, read_recipe(subject.header))
        faults = [Fault(PLAN_FILE, text) for text in problems]
        faults = faults or _examine_shards(subject, plan)
    for fault in faults:
        click.echo(f"{subject.config.data / fault.file}: {fault.text}.", err=True)
    return faults


def _examine_shards(subject: Subject, plan: Plan) -> list[Fault]:
    config, header, ingredients = subject
    digests = read_digests(config.data)

    def task(number: int) -> ShardCheck:
        path, part = config.data / header.shard_name(number), plan.take(plan.shard_rows(number))
        draw = ingredients.task(path, part) if ingredients else None
        return ShardCheck(path, header.without_sources(), part, digests.get(path.name, ()), draw)

    checked: list[Checked] = []
    with progress("Verifying", len(plan), "samples", quiet=config.quiet) as advance:
        for result in each(check_samples, map(task, range(header.shards)), config.workers):
            checked.append(result)
            advance(result.samples)
    for sentence in _remarks(subject, checked, digests):
        remark(sentence, quiet=config.quiet)
    return sorted(fault for result in checked for fault in result.faults)


def _remarks(
    subject: Subject, checked: Sequence[Checked], digests: dict[str, list[str]]
) -> list[str]:
    """What isn't wrong but worth knowing."""
    remarks = []
    uncompared = sum(result.uncompared for result in checked)
    if uncompared:
        first = min(result.remark for result in checked if result.remark)
        remarks.append(f"{uncompared:,} masks were not compared with their placements: {first}")
    if subject.header.folders and not subject.ingredients:
        remarks.append(
            "Masks were not compared with their placements: the pictures are not where they were; "
            "name their folders with --bg and --fg."
        )
    unnoted = sum(result.shard not in digests for result in checked)
    if unnoted:
        remarks.append(f"{unnoted:,} shards have no noted digest to compare with.")
    empty = sum(result.empty for result in checked)
    if empty:
        remarks.append(f"{empty:,} masks are empty, as their placements say.")
    return remarks


def _repair(subject: Subject, faults: Sequence[Fault]) -> None:
    """Make again what is broken, and nothing else. Raises DatasetError where that can't be."""
    config, header, ingredients = subject
    if not header.folders:
        raise DatasetError(
            f"{config.data} was imported or packed, not drawn, so it can't be drawn again; import "
            "or pack it once more."
        )
    if plan_version_of(header) != PLAN_VERSION:
        raise DatasetError(
            f"{config.data} was drawn by an earlier version of Diorama, which wrote other bytes; "
            "draw it anew with `datagen overlay --overwrite`, or repair it with that version."
        )
    if ingredients is None:
        raise DatasetError(
            f"{config.data} can't be repaired without the pictures that it was made of; name their "
            "folders with --bg and --fg."
        )
    plan = make_plan(ingredients.recipe, header.backgrounds, header.foregrounds)[0]
    if (len(plan), plan.shard_count) != (header.samples, header.shards):
        raise DatasetError(
            f"{config.data / HEADER_FILE} can't be trusted: its recipe makes {len(plan):,} samples "
            f"in {plan.shard_count:,} shards, but dataset.json says {header.samples:,} in "
            f"{header.shards:,}."
        )
    broken = {fault.file for fault in faults}
    if PLAN_FILE in broken:
        plan.write(config.data / PLAN_FILE)
    numbers = [number for number, name in enumerate(header.shard_names()) if name in broken]
    if header.stages.depth and numbers:
        header.with_depth(None, {}).write(config.data / HEADER_FILE)
        remark(
            "Shards are drawn again without depth; run `depthgen run` after this.",
            quiet=config.quiet,
        )
    parts = [plan.take(plan.shard_rows(number)) for number in numbers]
    tasks = (
        ingredients.task(config.data / header.shard_name(number), part)
        for number, part in zip(numbers, parts, strict=True)
    )
    how = Filling("Drawing again", sum(map(len, parts)), config.workers, config.quiet)
    fill_shards(config.data, header, how, draw_shard, tasks)
