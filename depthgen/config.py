"""The options of depthgen's commands."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import FrameSize, Range
from data_manifest.depth_stage import LabelKind

EngineName = Literal["auto", "openvino", "onnxruntime", "torch"]
Crop = Literal[
    "none",
    "nyu",
    "garg",
    "eigen",
    "kitti_benchmark",
    "kitti_benchmark+garg",
    "kitti_benchmark+eigen",
]
PairLayout = Literal["millimetres", "nyu", "kitti", "tum"]


class TeacherConfig(CommandConfig):
    """What every command takes that asks a teacher."""

    teacher: str = Field(
        "fastdepth",
        description="a name of `depthgen teachers`, hub:ID, onnx:FILE or module:attribute",
    )
    weights: Path | None = Field(
        None, description="the teacher's weights as a file or folder, instead of their source"
    )
    unit: Literal["metres", "none"] | None = Field(
        None, description="of an onnx:FILE or module:attribute: what its depth is counted in"
    )
    kind: Literal["metric", "relative", "relative_inverse"] | None = Field(
        None, description="of the same: metres, depth up to scale and shift, or its inverse"
    )
    near_is: Literal["small", "large"] | None = Field(
        None, description="of the same: whether near is small or large"
    )
    limits: Range | None = Field(
        None, description="of the same: least and most that it means, such as 0:10"
    )
    input_size: FrameSize | None = Field(
        None, description="of the same: size that pictures are shown in, 224 or 640x480"
    )
    engine: EngineName = Field(
        "auto", description="what runs it: auto is torch on a GPU, the fastest there is on a CPU"
    )
    device: Device = Field("auto", description="auto takes a GPU where there is one")


class RunConfig(TeacherConfig):
    """Options of ``depthgen run``."""

    data: Path = Field(Path("data"), description="dataset folder to add depth to")
    labels: LabelKind | None = Field(
        None,
        description="composite: the teacher's answer to each composite; anchored: the background's "
        "own depth, and the composite's within the mask; layered: the background's, and upright "
        "planes, without a pass per composite  [default: anchored, composite with distractors]",
    )
    views: int = Field(
        2,
        ge=1,
        le=2,
        description="answers to a background that are averaged: its own, its mirror image's",
    )
    mirror: bool = Field(
        False, description="ask about each composite's mirror image too; twice the time"
    )
    second: str | None = Field(
        None, description="another teacher, to say how far it disagrees; changes no label"
    )
    batch: int = Field(1000, ge=1, description="most pictures in memory at a time; changes nothing")
    compile: bool = Field(False, description="torch.compile the network; pays on a GPU")
    overwrite: bool = Field(False, description="replace depth that was made in another way")


class PullConfig(CommandConfig):
    """Options of ``depthgen pull``."""

    teacher: str = Field("fastdepth", description="a name of `depthgen teachers`, or hub:ID")


class TeachersConfig(CommandConfig):
    """Options of ``depthgen teachers``."""


class EvaluateConfig(TeacherConfig):
    """Options of ``depthgen evaluate``."""

    data: Path | None = Field(None, description="a dataset, to measure how far to trust its labels")
    pairs: Path | None = Field(None, description="folder of pictures with measured depth")
    layout: PairLayout = Field(
        "millimetres",
        description="how --pairs lie: NAME.rgb.* beside NAME.depth.png in millimetres, or as the "
        "data set of that name has them",
    )
    labels: bool = Field(False, description="paste cut-outs on --pairs and compare kinds of labels")
    fg: Path | None = Field(None, description="folder of cut-outs with alpha, for --labels")
    n: int = Field(60, ge=1, description="cut-outs pasted on each picture, for --labels")
    views: int = Field(2, ge=1, le=2, description="answers to a background that are averaged")
    crop: Crop = Field("none", description="part of the picture that counts")
    cap: Range = Field((1e-3, 10.0), description="least and most measured metres that count")
    out: Path | None = Field(
        None, description="folder to write: the table as JSON, and pictures to look at"
    )
    second: str | None = Field(None, description="another teacher, whose disagreement is measured")
    seed: int = Field(0, ge=0, lt=2**32, description="decides what is pasted where")
    overwrite: bool = Field(False, description="replace files in --out")

    @model_validator(mode="after")
    def _check(self) -> "EvaluateConfig":
        if (self.data is None) == (self.pairs is None):
            raise ValueError("give either a dataset, or --pairs with a folder of measured depth")
        if self.labels and (self.pairs is None or self.fg is None):
            raise ValueError("--labels needs --pairs, and --fg with cut-outs to paste on them")
        return self
