"""dataset.json: what a dataset is made of, by what, and which stages are done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from data_manifest.errors import DatasetError
from data_manifest.files.publish import publish_text
from data_manifest.record import Depth, Size, StoredDepth

ShardFormat = Literal["h5", "zip", "folder"]
SHARD_ENDINGS: dict[ShardFormat, str] = {"h5": ".h5", "zip": ".zip", "folder": ".parquet"}
Codec = Literal["jpeg", "raw"]
LabelKind = Literal["composite", "anchored", "layered"]
SCHEMA_VERSION: Literal[3] = 3
LARGEST_SHARD: dict[ShardFormat, int] = {"h5": 20_000, "zip": 5_000, "folder": 20_000}
"""Most samples a shard may hold; a zip then stays below 20,000 entries with depth added."""
Kind = Literal["bg", "fg"]
KIND_NAMES: dict[Kind, str] = {"bg": "backgrounds", "fg": "foregrounds"}
IMPORTED, PACKED_FROM = "imported", "packed_from"
"""Keys in the recipe of a dataset that wasn't drawn, but listed or packed from another."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Model):
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


class DepthEncoding(_Model):
    """How stored uint16 depth becomes numbers, and what the numbers mean.

    ``depth = stored * scale + offset`` in ``unit``; ``target = (depth - target_offset) *
    target_scale`` is the training target, always in [0, 1].
    """

    scale: float
    offset: float
    unit: Literal["metres", "none"]
    kind: Literal["metric", "relative", "relative_inverse"]
    near_is: Literal["small", "large"]
    target_scale: float
    target_offset: float

    @property
    def limits(self) -> tuple[float, float]:
        """The depths whose training targets are 0 and 1."""
        return self.target_offset, self.target_offset + 1 / self.target_scale

    @property
    def suffix(self) -> str:
        """What stands behind a number of depth that a person reads."""
        return {"metres": " m", "none": ""}[self.unit]

    def to_unit(self, stored: StoredDepth) -> Depth:
        """Stored depth as float32 in ``unit``, of the same shape."""
        depth = stored.astype(np.float32)
        depth *= np.float32(self.scale)
        depth += np.float32(self.offset)
        return depth

    def to_stored(self, depth: npt.NDArray[np.floating]) -> StoredDepth:
        """Depth in ``unit`` as it is stored, rounded; what uint16 can't hold is cut off."""
        levels = np.rint((depth - self.offset) / self.scale)
        return np.asarray(levels.clip(0, np.iinfo(np.uint16).max), np.uint16)

    def to_target(self, depth: Any) -> Any:
        """Depth in ``unit``, an array or a tensor of any shape, as training targets."""
        return (depth - self.target_offset) * self.target_scale

    def write_target(self, depth: Depth) -> None:
        """The same of a float32 array, where it lies."""
        depth -= np.float32(self.target_offset)
        depth *= np.float32(self.target_scale)

    def from_target(self, target: Any) -> Any:
        """Training targets, an array or a tensor of any shape, as depth in ``unit``."""
        return target / self.target_scale + self.target_offset


def leaves(values: Mapping[str, Any]) -> dict[str, Any]:
    """What lies within dicts of a dict, by names in a row: ``encoding scale``."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name} {inner}": part for inner, part in leaves(value).items()}
        else:
            found[name] = value
    return found


LABEL_WORDS: dict[LabelKind, str] = {
    "composite": "the teacher's answer to the composite",
    "anchored": "the background's own depth, and the teacher's answer within the mask",
    "layered": "the background's own depth, and upright planes within the mask",
}


class Labels(_Model):
    """How a teacher's answers became labels.

    ``composite`` is its answer to the composite; ``anchored`` is the background's own depth outside
    the mask, and the composite's brought to it inside; ``layered`` is the background's depth, and
    upright planes inside. ``views`` counts the answers to a background that are averaged, 0 where
    it wasn't asked; ``numbers`` are all others that decide a label, by name.
    """

    kind: LabelKind = "composite"
    views: int = 0
    numbers: dict[str, float] = Field(default_factory=dict)


class Runtime(_Model):
    """What ran the network, in which precision, and how many pictures it was shown at a time.

    A batch is always filled up to that number; 0 where an earlier version didn't note it.
    """

    engine: str = "torch"
    precision: str = "float32"
    batch: int = 0

    def __str__(self) -> str:
        return f"{self.engine} in {self.precision}, {self.batch} at a time"


class DepthStage(_Model):
    """Which teacher made the depth, how its answers became labels, and how to read them.

    ``input_size`` is (width, height) of what the teacher is shown.
    """

    teacher: str
    weights_sha256: str
    licence: str
    input_size: tuple[int, int]
    encoding: DepthEncoding
    labels: Labels = Labels()
    runtime: Runtime = Runtime()

    def difference(self, other: "DepthStage") -> str:
        """In words, what of this stage ``other`` has otherwise; nothing where they are equal."""
        if (self.teacher, self.weights_sha256) != (other.teacher, other.weights_sha256):
            mine, its = (f"{s.teacher} ({s.weights_sha256[:12]})" for s in (self, other))
            return f"it is by {mine}, not by {its}"
        if self.labels.kind != other.labels.kind:
            return f"its labels are {self.labels.kind}, not {other.labels.kind}"
        if self.runtime != other.runtime:
            return f"it was made by {self.runtime}, not by {other.runtime}"
        ours, theirs = leaves(self.model_dump()), leaves(other.model_dump())
        for name in ours | theirs:
            if ours.get(name) != theirs.get(name):
                return f"its {name} is {ours.get(name)}, not {theirs.get(name)}"
        return ""


class Stages(_Model):
    """The stages that are done; None where one isn't."""

    depth: DepthStage | None = None


class Header(_Model):
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
