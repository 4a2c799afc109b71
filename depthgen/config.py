"""The options of depthgen's commands."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig

TeacherName = Literal["fastdepth"]


class RunConfig(CommandConfig):
    """Options of ``depthgen run``."""

    data: Path = Field(Path("data"), description="dataset folder to add depth to")
    teacher: TeacherName = Field("fastdepth", description="see `depthgen teachers`")
    weights: Path | None = Field(
        None, description="the teacher's weights as a file, instead of its package"
    )
    batch: int = Field(1000, ge=1, description="most pictures in memory at a time")
    device: Device = Field("auto", description="auto takes a GPU where there is one")
    overwrite: bool = Field(False, description="replace depth made by another teacher")


class PullConfig(CommandConfig):
    """Options of ``depthgen pull``."""

    teacher: TeacherName = Field("fastdepth", description="see `depthgen teachers`")


class TeachersConfig(CommandConfig):
    """Options of ``depthgen teachers``."""
