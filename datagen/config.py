"""The options of datagen's commands."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from data_manifest.command import CommandConfig
from data_manifest.config import Names
from datagen.recipe import Recipe

ExportFormat = Literal["webdataset", "parquet", "coco"]
MOST_BITS = 8  # copies of half the size or low quality differ in fewer, others in 11 or more


def _cores() -> int:
    import joblib

    return int(joblib.cpu_count())


class OverlayConfig(Recipe, CommandConfig):
    """Options of ``datagen overlay``."""

    bg: Path = Field(description="folder of backgrounds, searched recursively")
    fg: Path = Field(description="folder of cut-outs with alpha, searched recursively")
    out: Path = Field(Path("data"), description="dataset folder to write")
    workers: int = Field(
        default_factory=_cores, ge=1, le=512, description="processes  [default: all cores]"
    )
    strict: bool = Field(False, description="stop at the first picture that can't be used")
    dry_run: bool = Field(False, description="say what would be made, and make nothing")
    overwrite: bool = Field(False, description="replace a dataset of another recipe in --out")


class DedupeConfig(CommandConfig):
    """Options of ``datagen dedupe``."""

    folder: Path = Field(description="folder of pictures, searched recursively")
    distance: int = Field(
        MOST_BITS, ge=0, le=32, description="bits of 64 in which near-duplicates may differ"
    )
    montage: Path = Field(Path("duplicates.png"), description="PNG that shows the groups")
    apply: bool = Field(False, description="move the extras to FOLDER-duplicates, beside FOLDER")
    workers: int = Field(
        default_factory=_cores, ge=1, le=512, description="processes  [default: all cores]"
    )
    overwrite: bool = Field(False, description="replace --montage if it exists")


class StatsConfig(CommandConfig):
    """Options of ``datagen stats``."""

    data: Path = Field(Path("data"), description="dataset folder to read")
    workers: int = Field(
        default_factory=_cores, ge=1, le=512, description="processes  [default: all cores]"
    )


class PreviewConfig(CommandConfig):
    """Options of ``datagen preview``."""

    data: Path = Field(Path("data"), description="dataset folder to read")
    out: Path = Field(Path("preview.png"), description="PNG to write")
    samples: int = Field(24, ge=1, le=400, description="samples shown, spread over the splits")
    columns: int = Field(2, ge=1, le=8, description="samples side by side")
    overwrite: bool = Field(False, description="replace --out if it exists")


class PackConfig(CommandConfig):
    """Options of ``datagen pack``."""

    data: Path = Field(Path("data"), description="dataset folder to read")
    to: ExportFormat = Field(description="format to write")
    out: Path = Field(Path("packed"), description="folder to write, new or empty")
    split: Names = Field((), description="split to export, may be repeated  [default: all]")
    limit: int | None = Field(None, ge=1, description="at most so many samples, spread evenly")
    workers: int = Field(
        default_factory=_cores, ge=1, le=512, description="processes  [default: all cores]"
    )
    overwrite: bool = Field(False, description="replace another export in --out")
