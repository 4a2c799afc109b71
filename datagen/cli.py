"""The ``datagen`` command: pictures to composites."""

import click

from data_manifest.command import Group, command
from datagen.config import DedupeConfig, OverlayConfig, PackConfig, PreviewConfig, StatsConfig


@click.group(cls=Group)
@click.version_option(package_name="diorama")
def main() -> None:
    """Make a labelled dataset of composites from backgrounds and cut-outs.

    \b
    Example:
      datagen overlay --bg bgs/ --fg fgs/ --n 20
      datagen stats
      datagen preview
    """


@command(main, OverlayConfig)
def overlay(config: OverlayConfig) -> str:
    """Paste every cut-out onto every background, n times plain and n times mirrored.

    Writes fg_bg pictures and exact masks as shards, with a plan and a header. Running the same
    command again goes on where it was stopped.

    \b
    Example:
      datagen overlay --bg bgs/ --fg fgs/ --n 20
      datagen overlay --bg bgs/ --fg fgs/ --n 2 --format zip --out small --dry-run
    """
    from datagen.overlay import overlay

    return overlay(config)


@command(main, DedupeConfig, argument="folder")
def dedupe(config: DedupeConfig) -> str:
    """Find pictures that are the same but for size or quality.

    Shows the groups as a picture. Nothing is moved without --apply, and nothing is ever deleted.

    \b
    Example:
      datagen dedupe bgs/
      datagen dedupe bgs/ --apply
    """
    from datagen.dedupe import dedupe

    return dedupe(config)


@command(main, StatsConfig, argument="data")
def stats(config: StatsConfig) -> str:
    """Measure the exact mean and standard deviation of bg, fg_bg, mask and depth.

    Prints a table per split and whole, and writes stats.json into the dataset.

    \b
    Example:
      datagen stats
      datagen stats other-data --workers 2
    """
    from datagen.stats import stats

    return stats(config)


@command(main, PreviewConfig, argument="data")
def preview(config: PreviewConfig) -> str:
    """Draw a contact sheet of samples: bg, fg_bg, mask and depth in colour.

    \b
    Example:
      datagen preview
      datagen preview data --samples 40 --out sheet.png
    """
    from datagen.preview import preview

    return preview(config)


@command(main, PackConfig, argument="data")
def pack(config: PackConfig) -> str:
    """Export a dataset to a format that other tools read, with a card and Croissant metadata.

    Pictures are copied, not encoded again. Running the same command again goes on where it was
    stopped.

    \b
    Example:
      datagen pack data --to webdataset
      datagen pack data --to coco --split val --out coco-val
    """
    from datagen.pack import pack

    return pack(config)
