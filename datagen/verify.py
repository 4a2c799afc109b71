"""``datagen verify``: is a dataset what it says it is, and ``--repair`` of what isn't."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import click

from data_manifest.dataset import HEADER_FILE, PLAN_FILE, dataset_folder
from data_manifest.digests import note_digest, read_digests, tidy_digests
from data_manifest.errors import DatasetError
from data_manifest.header import Header, Stages
from data_manifest.lock import locked
from data_manifest.parallel import each
from data_manifest.plan import Plan
from data_manifest.progress import progress
from data_manifest.publish import remove_leftovers
from datagen.config import VerifyConfig
from datagen.draw import draw_shard
from datagen.origin import Origin, find_origin, read_recipe
from datagen.plan_check import header_problems, plan_problems
from datagen.planning.placement import make_plan
from datagen.shard_check import Checked, CheckTask, Finding, check


class Subject(NamedTuple):
    """A dataset under examination; ``origin`` is None where its sources aren't at hand."""

    config: VerifyConfig
    header: Header
    origin: Origin | None


def verify(config: VerifyConfig) -> str:
    """Check a dataset, and with ``repair`` draw again what is broken; gives a summary.

    Raises UsageError where there is no dataset, DatasetError where something is wrong that wasn't
    or couldn't be repaired.
    """
    with _alone(config):
        subject = _subject(config)
        findings = _examine(subject)
        rounds = 2 if config.repair else 0  # a broken plan hides broken shards
        while findings and rounds:
            _repair(subject, findings)
            click.echo("What was found is made again; reading it all once more.", err=True)
            subject, rounds = _subject(config), rounds - 1
            findings = _examine(subject)
    if findings:
        raise DatasetError(_verdict(subject, findings))
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
    return Subject(config, header, find_origin(header, config.data, config.bg, config.fg))


def _verdict(subject: Subject, findings: Sequence[Finding]) -> str:
    config = subject.config
    files = len({finding.file for finding in findings})
    text = f"{len(findings):,} things are wrong with {files:,} files of {config.data}"
    if config.repair:
        return f"{text}, and couldn't be repaired."
    if not subject.header.folders:
        return f"{text}; it was imported or packed, so import or pack it once more."
    return f"{text}; `datagen verify {config.data} --repair` makes them again."


def _examine(subject: Subject) -> list[Finding]:
    """Read the whole dataset; says on screen what is wrong."""
    try:
        plan = Plan.read(subject.config.data / PLAN_FILE)
    except DatasetError as error:
        findings = [Finding(PLAN_FILE, str(error).rstrip("."))]
    else:
        problems = plan_problems(subject.header, plan, read_recipe(subject.header))
        findings = [Finding(PLAN_FILE, text) for text in problems]
        findings = findings or _examine_shards(subject, plan)
    for finding in findings:
        click.echo(f"{subject.config.data / finding.file}: {finding.text}.", err=True)
    return findings


def _examine_shards(subject: Subject, plan: Plan) -> list[Finding]:
    config, header, origin = subject.config, subject.header, subject.origin
    digests = read_digests(config.data)

    def task(number: int) -> CheckTask:
        path, records = config.data / header.shard_name(number), plan.shard_records(number)
        draw = origin.task(path, records) if origin else None
        return CheckTask(path, header.without_sources(), records, digests.get(path.name, ()), draw)

    checked: list[Checked] = []
    with progress("Verifying", len(plan), "samples", quiet=config.quiet) as advance:
        for result in each(check, map(task, range(header.shards)), config.workers):
            checked.append(result)
            advance(result.samples)
    for remark in _remarks(subject, checked, digests):
        click.echo(remark, err=True)
    return sorted(finding for result in checked for finding in result.findings)


def _remarks(
    subject: Subject, checked: Sequence[Checked], digests: dict[str, list[str]]
) -> list[str]:
    """What isn't wrong but worth knowing."""
    remarks = []
    uncompared = sum(result.uncompared for result in checked)
    if uncompared:
        first = min(result.remark for result in checked if result.remark)
        remarks.append(f"{uncompared:,} masks were not compared with their placements: {first}")
    if subject.header.folders and not subject.origin:
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


def _repair(subject: Subject, findings: Sequence[Finding]) -> None:
    """Make again what is broken, and nothing else. Raises DatasetError where that can't be."""
    config, header, origin = subject.config, subject.header, subject.origin
    if not header.folders:
        raise DatasetError(
            f"{config.data} was imported or packed, not drawn, so it can't be drawn again; import "
            "or pack it once more."
        )
    if origin is None:
        raise DatasetError(
            f"{config.data} can't be repaired without the pictures that it was made of; name their "
            "folders with --bg and --fg."
        )
    plan = make_plan(origin.recipe, header.backgrounds, header.foregrounds)[0]
    if (len(plan), plan.shard_count) != (header.samples, header.shards):
        raise DatasetError(
            f"{config.data / HEADER_FILE} can't be trusted: its recipe makes {len(plan):,} samples "
            f"in {plan.shard_count:,} shards, but dataset.json says {header.samples:,} in "
            f"{header.shards:,}."
        )
    broken = {finding.file for finding in findings}
    if PLAN_FILE in broken:
        plan.write(config.data / PLAN_FILE)
    numbers = [number for number, name in enumerate(header.shard_names()) if name in broken]
    if header.stages.depth and numbers:
        header.model_copy(update={"stages": Stages()}).write(config.data / HEADER_FILE)
        click.echo("Shards are drawn again without depth; run `depthgen run` after this.", err=True)
    tasks = (
        origin.task(config.data / header.shard_name(number), plan.shard_records(number))
        for number in numbers
    )
    samples = sum(len(plan.shard_rows(number)) for number in numbers)
    with progress("Drawing again", samples, "samples", quiet=config.quiet) as advance:
        for drawn in each(draw_shard, tasks, config.workers):
            note_digest(config.data, drawn.shard, drawn.sha256)
            advance(drawn.samples)
    tidy_digests(config.data, header.shard_names())
