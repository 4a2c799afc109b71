"""The options of datagen's commands."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.commands.group import CommandConfig, ParallelConfig
from data_manifest.commands.options import FrameSize, Names
from data_manifest.record import MASK_FROM, Size
from datagen.planning.duplicate_groups import MOST_BITS
from datagen.planning.recipe import FIT_TEXT, PAD_TEXT, Fit, Pad, Recipe

ExportFormat = Literal["h5", "zip", "folder", "webdataset", "parquet", "coco"]
Keep = Literal["largest", "all"]


class OverlayConfig(Recipe, ParallelConfig):
    """Options of ``datagen overlay``."""

    bg: Path = Field(description="folder of backgrounds, searched recursively")
    fg: Path = Field(description="folder of cut-outs with alpha, searched recursively")
    out: Path = Field(Path("data"), description="dataset folder to write")
    strict: bool = Field(False, description="stop at the first picture that can't be used")
    dry_run: bool = Field(False, description="say what would be made, and make nothing")
    overwrite: bool = Field(False, description="replace a dataset of another recipe in --out")


class DedupeConfig(ParallelConfig):
    """Options of ``datagen dedupe``."""

    folder: Path = Field(description="folder of pictures, searched recursively")
    distance: int = Field(
        MOST_BITS, ge=0, le=32, description="bits of 64 in which near-duplicates may differ"
    )
    montage: Path = Field(Path("duplicates.png"), description="PNG that shows the groups")
    apply: bool = Field(False, description="move the extras to FOLDER-duplicates, beside FOLDER")
    overwrite: bool = Field(
        False, description="replace --montage even if it shows no duplicates of FOLDER"
    )


class StatsConfig(ParallelConfig):
    """Options of ``datagen stats``."""

    data: Path = Field(Path("data"), description="dataset folder to read")


class PreviewConfig(CommandConfig):
    """Options of ``datagen preview``."""

    data: Path = Field(Path("data"), description="dataset folder to read")
    out: Path = Field(
        Path("preview.png"), description="file to write: .png a contact sheet, .html the report"
    )
    samples: int = Field(24, ge=1, le=400, description="samples shown, spread over the splits")
    where: str | None = Field(
        None, description="show only samples that fulfil a condition, such as 'shift > 0.3'"
    )
    columns: int = Field(2, ge=1, le=8, description="samples side by side in the contact sheet")
    sampled: int = Field(
        2000, ge=1, description="most samples whose pixels are measured for the report"
    )
    overwrite: bool = Field(
        False, description="replace --out even if it is no preview of this dataset"
    )


class VerifyConfig(ParallelConfig):
    """Options of ``datagen verify``."""

    data: Path = Field(Path("data"), description="dataset folder to check")
    repair: bool = Field(False, description="draw again what is broken, and nothing else")
    bg: Path | None = Field(
        None, description="folder of the backgrounds  [default: where they were]"
    )
    fg: Path | None = Field(None, description="folder of the cut-outs  [default: where they were]")


class RecipesConfig(CommandConfig):
    """Options of ``datagen recipes``."""

    name: str | None = Field(None, description="recipe to show in full")


class PrepareConfig(ParallelConfig):
    """Options of ``datagen prepare``."""

    bg: Path | None = Field(None, description="folder of backgrounds, searched recursively")
    fg: Path | None = Field(None, description="folder of cut-outs with alpha, searched recursively")
    out: Path = Field(Path("prepared"), description="folder to write")
    size: FrameSize = Field(
        Size(224, 224), description="size of every background in pixels: 224, or 640x480"
    )
    fit: Fit = Field("crop", description=FIT_TEXT)
    pad: Pad = Field("edge", description=PAD_TEXT)
    mask_threshold: int = Field(
        MASK_FROM, ge=1, le=255, description="alpha from which a pixel is mask"
    )
    decontaminate: bool = Field(
        False, description="remove the old background from soft edges that still show its colour"
    )
    strict: bool = Field(False, description="stop at the first picture that can't be used")
    overwrite: bool = Field(False, description="make again what is in --out already")

    @model_validator(mode="after")
    def _check(self) -> "PrepareConfig":
        if self.bg is None and self.fg is None:
            raise ValueError("--bg and --fg are both missing; give at least one")
        return self


class CutoutConfig(ParallelConfig):
    """Options of ``datagen cutout``."""

    photos: Path = Field(description="folder of photos, searched recursively")
    out: Path = Field(Path("cutouts"), description="folder to write")
    weights: Path | None = Field(
        None, description="the network as an ONNX file, instead of the published one"
    )
    size: int | None = Field(
        None, ge=16, le=8192, description="shrink photos so that their longer side is at most this"
    )
    min_area: float = Field(
        0.01, ge=0, le=1, description="leave out what covers less than this share of its photo"
    )
    max_area: float = Field(
        0.95, ge=0, le=1, description="leave out what covers more than this share of its photo"
    )
    keep: Keep = Field("largest", description="of several unconnected pieces, which to keep")
    decontaminate: bool = Field(False, description="remove the background's colour from soft edges")
    preview: Path | None = Field(
        None, description="PNG that shows the cut-outs  [default: OUT-preview.png, beside OUT]"
    )
    reject: Names = Field(
        (), description="move this cut-out to OUT-rejected, beside OUT; may be given again"
    )
    limit: int | None = Field(None, ge=1, description="only the first so many photos")
    strict: bool = Field(False, description="stop at the first photo without a cut-out")
    overwrite: bool = Field(False, description="make again what is in --out already")

    @model_validator(mode="after")
    def _check(self) -> "CutoutConfig":
        if self.min_area > self.max_area:
            raise ValueError(
                f"--min-area {self.min_area:g} must not be more than --max-area {self.max_area:g}"
            )
        return self


class PackConfig(ParallelConfig):
    """Options of ``datagen pack``."""

    data: Path = Field(Path("data"), description="dataset folder to read")
    to: ExportFormat = Field(description="format to write")
    out: Path = Field(Path("packed"), description="folder to write, new or empty")
    split: Names = Field((), description="split to export, may be repeated  [default: all]")
    limit: int | None = Field(None, ge=1, description="at most so many samples, spread evenly")
    where: str | None = Field(
        None, description="only samples that fulfil a condition, such as 'shift < 0.1'"
    )
    overwrite: bool = Field(False, description="replace another export in --out")
