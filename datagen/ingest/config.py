"""The options of ``datagen import``."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from data_manifest.commands.group import ParallelConfig
from data_manifest.commands.options import FrameSize, parse_list
from data_manifest.record import MASK_FROM
from datagen.ingest.layouts import Layout
from datagen.ingest.pairing_list import COLUMNS
from datagen.planning.recipe import SplitOptions

Columns = Annotated[tuple[str, ...], BeforeValidator(parse_list)]


class ImportConfig(SplitOptions, ParallelConfig):
    """Options of ``datagen import``."""

    bg: Path | None = Field(None, description="folder of backgrounds")
    fg_bg: Path | None = Field(None, description="folder of composites")
    mask: Path | None = Field(None, description="folder of masks")
    depth: Path | None = Field(None, description="folder of depth pictures, if there are any")
    list: Path | None = Field(
        None, description="CSV or TSV of samples: bg, fg_bg, mask and perhaps fg and depth"
    )
    columns: Columns = Field(
        (), description="what the list's columns are, if it has no head line: bg,fg_bg,mask,depth"
    )
    layout: Layout = Field(
        "names", description="how files belong together: same names, or an earlier system's way"
    )
    per_bg: int | None = Field(
        None, ge=1, description="numbered files: so many follow each other on one background"
    )
    out: Path = Field(Path("data"), description="dataset folder to write")
    size: FrameSize | None = Field(
        None, description="size of the pictures as read, 224 or 640x480  [default: theirs]"
    )
    mask_threshold: int = Field(
        MASK_FROM, ge=1, le=255, description="grey from which a pixel is mask"
    )
    depth_scale: float | None = Field(
        None, gt=0, description="one grey level of depth  [default: 0.001 of 16 bits, 1/255 of 8]"
    )
    depth_unit: Literal["metres", "none"] | None = Field(
        None, description="unit of depth  [default: metres of 16 bits, none of 8]"
    )
    depth_near: Literal["small", "large"] = Field("small", description="what near is in depth")
    seed: int = Field(0, ge=0, lt=2**63, description="decides what is held out")
    shard_size: int = Field(1000, ge=1, le=20_000, description="samples per list file")
    limit: int | None = Field(None, ge=1, description="only the first so many samples")
    strict: bool = Field(False, description="stop at the first sample that can't be used")
    overwrite: bool = Field(False, description="replace a dataset in --out")

    @model_validator(mode="after")
    def _check(self) -> "ImportConfig":
        if self.list is None and (self.bg is None or self.fg_bg is None or self.mask is None):
            raise ValueError("give --bg, --fg-bg and --mask, or a --list that names their files")
        unknown = [name for name in self.columns if name not in (*COLUMNS, "x", "y", "-")]
        if unknown:
            raise ValueError(
                f"--columns: {unknown[0]!r} is none of {', '.join(COLUMNS)}; use - for others"
            )
        return self
