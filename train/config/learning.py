"""The options that decide what one step of training is, whoever makes it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import Names, shown
from train.choices import Augment, OptimizerName, Precision
from train.config.sizes import Sizes, wrong_sides
from train.losses.expression import parse
from train.losses.names import DEPTH, MASK
from train.models.names import DEFAULT, checked_name, described

CPU_BATCH, GPU_BATCH = 4, 32
"""Samples per step: few where more are no faster, as it is steps that teach; many for a GPU."""


class LearningConfig(CommandConfig):
    """What all commands take that train."""

    shards: Names = Field(
        ("data",), description="shards to train on: files, a pattern, or the dataset's folder"
    )
    model: Annotated[str, AfterValidator(checked_name)] = Field(
        DEFAULT, description="which student; `train models` lists them"
    )
    batch_size: int | None = Field(
        None,
        ge=1,
        description="samples per step of the optimiser, over all processes  "
        f"[default: {CPU_BATCH} on a CPU, {GPU_BATCH} on a GPU]",
    )
    accumulate: int = Field(1, ge=1, description="passes a step is divided into, to save memory")
    size: Sizes | None = Field(
        None,
        description="size that samples are resized to, 96 or 128x96, or sizes and epochs in a row, "
        "96:10,192:5  [default: the dataset's]",
    )
    mask_loss: str = Field("5*bce + dice", description=f"sum of WEIGHT*NAME of {', '.join(MASK)}")
    depth_loss: str = Field("4*l1 + grad", description=f"sum of WEIGHT*NAME of {', '.join(DEPTH)}")
    task_weights: Literal["fixed", "learned"] = Field(
        "fixed", description="learned balances mask and depth by their uncertainty (Kendall 2018)"
    )
    optimizer: OptimizerName = Field("adamw", description="which optimiser")
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False, description="of the optimiser")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd, and first beta of adam")
    augment: Augment = Field(
        "full",
        description="plain mirrors and varies colours; full also jitters two backgrounds of "
        "five, and adds noise and shadows",
    )
    clip: float = Field(
        0.1, ge=0, description="greatest norm of a gradient, part by part of the network; 0 for any"
    )
    precision: Precision | None = Field(
        None, description="of the network  [default: fp32 on a CPU, bf16 or fp16 on a GPU]"
    )
    compile: bool = Field(False, description="compile the network; pays off in long runs")
    weights: str = Field(
        "auto", description="what a pretrained student begins with: auto, none, or a file"
    )
    pretrained_lr: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of --lr for pretrained weights, 0 freezes them  [default: 0 where they "
        "are the teacher's that made the labels, otherwise 0.3]",
    )
    init: Path | None = Field(
        None, description="begin with the weights of a run, or of a checkpoint, of the same student"
    )
    seed: int = Field(
        0, ge=0, lt=2**32, description="decides initial weights, order and variations of samples"
    )
    limit: int | None = Field(None, ge=1, description="at most so many samples of each split")
    where: str | None = Field(
        None, description="train only on samples that fulfil a condition, such as 'shift < 0.1'"
    )
    device: Device = Field("auto", description="auto takes a GPU where there is one")
    workers: int | None = Field(
        None, ge=0, le=512, description="reading processes  [default: none on a CPU, 8 for a GPU]"
    )

    @model_validator(mode="after")
    def _check_learning(self) -> "LearningConfig":
        parse(self.mask_loss, "mask")
        parse(self.depth_loss, "depth")
        for size, _ in self.size.steps if self.size else ():
            wrong = wrong_sides(size, described(self.model))
            if wrong:
                raise ValueError(f"--size {shown(size)}: {self.model} {wrong}")
        if self.batch_size is not None and self.accumulate > self.batch_size:
            raise ValueError("--accumulate must not be more than --batch-size")
        return self

    @property
    def samples_per_step(self) -> int:
        """``batch_size`` of options that are settled."""
        assert self.batch_size is not None
        return self.batch_size
