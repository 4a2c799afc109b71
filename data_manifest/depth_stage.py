"""Depth as a stage of a dataset: which teacher, which labels, what stored numbers mean."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from data_manifest.record import Depth, StoredDepth

LabelKind = Literal["composite", "anchored", "layered"]


class HeaderPart(BaseModel):
    """A part of dataset.json: nothing in it changes, and nothing else is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DepthEncoding(HeaderPart):
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


class Labels(HeaderPart):
    """How a teacher's answers became labels.

    ``composite`` is its answer to the composite; ``anchored`` is the background's own depth outside
    the mask, and the composite's brought to it inside; ``layered`` is the background's depth, and
    upright planes inside. ``views`` counts the answers to a background that are averaged, 0 where
    it wasn't asked; ``numbers`` are all others that decide a label, by name.
    """

    kind: LabelKind = "composite"
    views: int = 0
    numbers: dict[str, float] = Field(default_factory=dict)


class Runtime(HeaderPart):
    """What ran the network, in which precision, and how many pictures it was shown at a time.

    A batch is always filled up to that number; 0 where an earlier version didn't note it.
    """

    engine: str = "torch"
    precision: str = "float32"
    batch: int = 0

    def __str__(self) -> str:
        return f"{self.engine} in {self.precision}, {self.batch} at a time"


class DepthStage(HeaderPart):
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


class Stages(HeaderPart):
    """The stages that are done; None where one isn't."""

    depth: DepthStage | None = None
