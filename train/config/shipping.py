"""The options of the commands that bring a trained student into other forms."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import FrameSize, Names
from train.config.trained import RUN, Weights

Form = Literal["onnx", "openvino"]
ENDINGS: dict[Form, str] = {"onnx": ".onnx", "openvino": ".xml"}


class _ShippingConfig(CommandConfig):
    """What all of them take."""

    run: Path = Field(RUN, description="run folder to read and to write")
    shards: Names = Field(
        (), description="shards to calibrate and measure on  [default: those of the run]"
    )


class ExportConfig(_ShippingConfig):
    """Options of ``train export``."""

    checkpoint: Weights = Field("best", description="which weights of the run")
    to: Form = Field("onnx", description="one .onnx file, or OpenVINO's .xml and .bin")
    size: FrameSize | None = Field(
        None, description="size of the pictures that it takes  [default: that of the training]"
    )
    out: Path | None = Field(
        None, description="file to write  [default: model.onnx or model.xml in the run folder]"
    )
    overwrite: bool = Field(False, description="replace --out, whatever it is")

    @model_validator(mode="after")
    def _check(self) -> "ExportConfig":
        ending = ENDINGS[self.to]
        if self.out is not None and self.out.suffix != ending:
            raise ValueError(f"--out {self.out}: with --to {self.to} its name must end in {ending}")
        return self

    @property
    def file(self) -> Path:
        """The file to write."""
        return self.out or self.run / f"model{ENDINGS[self.to]}"


class _MeasuringConfig(_ShippingConfig):
    """What those take that measure."""

    limit: int | None = Field(None, ge=1, description="measure on at most so many samples")


class _TimingConfig(_MeasuringConfig):
    """What those take that time."""

    threads: int | None = Field(
        None, ge=1, le=1024, description="threads of a network  [default: all cores]"
    )


class QuantizeConfig(_TimingConfig):
    """Options of ``train quantize``."""

    samples: int = Field(64, ge=1, description="training samples to calibrate on")
    keep: bool = Field(False, description="keep the file even where it isn't faster here")
    overwrite: bool = Field(False, description="replace model.int8.onnx, whatever it is")


class PruneConfig(_MeasuringConfig):
    """Options of ``train prune``."""

    checkpoint: Literal["best", "last"] = Field("best", description="which weights of the run")
    amount: float = Field(0.2, gt=0, lt=1, description="share of convolution weights to set to 0")
    overwrite: bool = Field(False, description="replace pruned.pt, whatever it is")


class CompareConfig(_TimingConfig):
    """Options of ``train compare``."""
