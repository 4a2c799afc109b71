"""dataset.json: what a dataset is made of, by what, and which stages are done."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from data_manifest.depth_stage import DepthStage, HeaderPart, Stages
from data_manifest.errors import DatasetError
from data_manifest.files.publish import publish_text
from data_manifest.record import Size

ShardFormat = Literal["h5", "zip", "folder"]
SHARD_ENDINGS: dict[ShardFormat, str] = {"h5": ".h5", "zip": ".zip", "folder": ".parquet"}
Codec = Literal["jpeg", "raw"]
SCHEMA_VERSION: Literal[3] = 3
LARGEST_SHARD: dict[ShardFormat, int] = {"h5": 20_000, "zip": 5_000, "folder": 20_000}
"""Most samples a shard may hold; a zip then stays below 20,000 entries with depth added."""
Kind = Literal["bg", "fg"]
KIND_NAMES: dict[Kind, str] = {"bg": "backgrounds", "fg": "foregrounds"}
IMPORTED, PACKED_FROM = "imported", "packed_from"
"""Keys in the recipe of a dataset that wasn't drawn, but listed or packed from another."""


class Source(HeaderPart):
    """A picture that went in: its id in the plan, its file, its digest and its size in pixels.

    ``dhash`` is a perceptual hash, 16 hex digits. ``size`` is (width, height) upright. ``box`` is
    (left, top, width, height) of a foreground's opaque part, or of a whole background; ``fill`` is
    the share of that box that a foreground's alpha covers. Of an import's foreground only
    the id is known.
    """

    id: str
    file: str
    sha256: str
    dhash: str
    size: tuple[int, int]
    box: tuple[int, int, int, int]
    fill: float = 1.0


class Header(HeaderPart):
    """The content of dataset.json."""

    schema_version: Literal[1, 2, 3] = SCHEMA_VERSION
    fingerprint: str
    samples: int
    shards: int
    format: ShardFormat
    codec: Codec
    size: Annotated[Size, BeforeValidator(Size.parse)] = Field(
        description="width and height of every picture in pixels"
    )
    maps: bool = Field(False, description="whether shards hold instance and amodal maps")
    folders: dict[Kind, str] = Field(
        default_factory=dict, description="where the sources lay, seen from the dataset"
    )
    made_by: str = Field(
        default="", description="the command that made it; empty before schema version 2"
    )
    recipe: dict[str, Any]
    backgrounds: list[Source]
    foregrounds: list[Source]
    software: dict[str, str]
    notes: list[str] = Field(default_factory=list, description="what was done otherwise, and why")
    stages: Stages = Stages()
    checks: dict[str, float | str] = Field(
        default_factory=dict, description="what was found of the teacher before it labelled"
    )

    def shard_name(self, shard: int) -> str:
        """The file name of one shard."""
        return f"{shard:05d}{SHARD_ENDINGS[self.format]}"

    def shard_names(self) -> list[str]:
        """The file names of all shards, in the order of their numbers."""
        return [self.shard_name(number) for number in range(self.shards)]

    @property
    def maker(self) -> str:
        """The command that makes missing shards: the one that made the others."""
        if self.made_by:
            return self.made_by
        if IMPORTED in self.recipe:
            return "datagen import"
        return "datagen pack" if PACKED_FROM in self.recipe else "datagen overlay"

    def with_depth(self, stage: DepthStage | None, checks: dict[str, float | str]) -> "Header":
        """The header of the same dataset with depth, or without."""
        update = {"schema_version": SCHEMA_VERSION, "stages": Stages(depth=stage), "checks": checks}
        return self.model_copy(update=update)

    def without_sources(self) -> "Header":
        """All but the lists of sources: what a worker needs of a header."""
        return self.model_copy(update={"backgrounds": [], "foregrounds": []})

    def write(self, path: Path) -> None:
        """Publish the header as JSON."""
        publish_text(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Header":
        """Read a header. Raises DatasetError where it is missing, damaged or of a later version."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DatasetError(
                f"{path.parent} is not a dataset: it has no {path.name}; "
                "make one with `datagen overlay`, or name another with --data."
            ) from None
        except UnicodeDecodeError as error:
            raise DatasetError(f"{path} is not a text file; the dataset is damaged.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise DatasetError(
                f"{path} can't be read by this version of Diorama: {where}: {first['msg']}."
            ) from error
