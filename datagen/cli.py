"""The ``datagen`` command: pictures to composites."""

import click

from data_manifest.commands.group import Group, command
from datagen.config import (
    CutoutConfig,
    DedupeConfig,
    OverlayConfig,
    PackConfig,
    PrepareConfig,
    PreviewConfig,
    RecipesConfig,
    StatsConfig,
    VerifyConfig,
)
from datagen.ingest.config import ImportConfig
from datagen.recipes import RECIPES


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


@command(main, OverlayConfig, shipped=RECIPES)
def overlay(config: OverlayConfig) -> str:
    """Paste every cut-out onto every background, n times plain and n times mirrored.

    Writes fg_bg pictures and exact masks as shards, with a plan and a header. Running the same
    command again goes on where it was stopped.

    \b
    Example:
      datagen overlay --bg bgs/ --fg fgs/ --n 20
      datagen overlay --bg bgs/ --fg fgs/ --n 2 --format zip --out small --dry-run
      datagen overlay --bg bgs/ --fg fgs/ --recipe vathos --out vathos
      datagen overlay --bg bgs/ --fg fgs/ --samples 50000 --objects 1:3 --angle=-20:20
    """
    from datagen.overlay import overlay

    return overlay(config)


@command(main, CutoutConfig, argument="photos")
def cutout(config: CutoutConfig) -> str:
    """Cut the object out of every photo: foregrounds for `datagen overlay`.

    A small network (U2-Net) finds the object. A picture of all cut-outs is written beside OUT;
    those that you --reject are moved beside, and not made again. Running the same command again
    goes on where it was stopped.

    \b
    Example:
      datagen cutout photos/ --out cutouts/
      datagen cutout photos/ --out cutouts/ --reject NAME --reject OTHER
    """
    from datagen.cutout import cutout

    return cutout(config)


@command(main, PrepareConfig)
def prepare(config: PrepareConfig) -> str:
    """Write the sources as clean files: square backgrounds, trimmed cut-outs, 1-bit masks.

    `datagen overlay` doesn't need this; it is for those who want to see or use the files. Running
    the same command again goes on where it was stopped.

    \b
    Example:
      datagen prepare --bg bgs/ --fg fgs/ --out prepared/
      datagen prepare --bg bgs/ --size 512 --fit pad --out squares/
    """
    from datagen.prepare import prepare

    return prepare(config)


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
    """Draw a contact sheet of samples, or write a report of the whole dataset.

    The sheet shows bg, fg_bg, mask and depth in colour. The report is one HTML file with counts,
    samples, charts, colours, use of the sources, and what looks wrong.

    \b
    Example:
      datagen preview
      datagen preview data --samples 40 --out sheet.png
      datagen preview data --out report.html
    """
    from datagen.preview import preview

    return preview(config)


@command(main, ImportConfig)
def import_(config: ImportConfig) -> str:
    """Make a dataset of pictures that exist already; they are listed, not copied.

    Files belong together by their names, by a list, or by the way of an earlier system.

    \b
    Example:
      datagen import --bg bg/ --fg-bg composites/ --mask masks/ --depth depth/ --out data
      datagen import --list label_data.csv --columns bg,fg_bg,mask,depth --out data
      datagen import --layout vathos --bg bg/ --fg-bg fg_bg/ --mask mask/ --out data
    """
    from datagen.import_dataset import import_dataset

    return import_dataset(config)


@command(main, RecipesConfig, argument="name")
def recipes(config: RecipesConfig) -> str:
    """List the recipes of earlier systems that `datagen overlay --recipe` knows.

    \b
    Example:
      datagen recipes
      datagen recipes mdeas > mine.yaml
      datagen overlay --bg bgs/ --fg fgs/ --recipe mine.yaml
    """
    from datagen.list_recipes import list_recipes

    return list_recipes(config)


@command(main, VerifyConfig, argument="data")
def verify(config: VerifyConfig) -> str:
    """Check that a dataset is whole and right: every file, picture, mask and split.

    Compares shards with the digests that they were written with, decodes every picture, and draws
    every mask again to compare it. With --repair, what is broken is drawn again, byte for byte.

    \b
    Example:
      datagen verify data
      datagen verify data --repair
    """
    from datagen.verify import verify

    return verify(config)


@command(main, PackConfig, argument="data")
def pack(config: PackConfig) -> str:
    """Write a dataset in another format, with a dataset card and Croissant metadata.

    h5, zip and folder are Diorama's own formats, webdataset, parquet (Hugging Face) and coco those
    of other tools. Pictures are copied, not encoded again. Running the same command again goes on
    where it was stopped.

    \b
    Example:
      datagen pack data --to zip --out packed
      datagen pack data --to webdataset
      datagen pack data --to coco --split val --out coco-val
    """
    from datagen.pack import pack

    return pack(config)
