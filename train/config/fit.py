"""The options of ``train fit``, which all that trains is made of."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import Names, shown
from data_manifest.record import Size
from train.choices import Augment, OptimizerName, Precision, ScheduleName
from train.config.sizes import SizePlan, Sizes, fits, next_fitting
from train.losses.expression import parse
from train.losses.names import DEPTH, MASK
from train.models.names import DEFAULT, checked_name, described, folder_name

CPU_BATCH, GPU_BATCH = 8, 32
"""Samples per step that fit into 3 GB at 224 px, and that keep a GPU busy."""


class FitConfig(CommandConfig):
    """Options of ``train fit``."""

    shards: Names = Field(
        ("data",), description="shards to train on: files, a pattern, or the dataset's folder"
    )
    model: Annotated[str, AfterValidator(checked_name)] = Field(
        DEFAULT, description="which student; `train models` lists them"
    )
    out: Path | None = Field(None, description="run folder to write  [default: runs/MODEL]")
    epochs: int = Field(20, ge=1, description="passes over the training split")
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
    mask_loss: str = Field("bce + dice", description=f"sum of WEIGHT*NAME of {', '.join(MASK)}")
    depth_loss: str = Field("4*l1 + grad", description=f"sum of WEIGHT*NAME of {', '.join(DEPTH)}")
    task_weights: Literal["fixed", "learned"] = Field(
        "fixed", description="learned balances mask and depth by their uncertainty (Kendall 2018)"
    )
    optimizer: OptimizerName = Field("adamw", description="which optimiser")
    lr: float = Field(2e-3, gt=0, allow_inf_nan=False, description="highest learning rate")
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False, description="of the optimiser")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd, and first beta of adam")
    schedule: ScheduleName = Field("one-cycle", description="how the learning rate changes")
    warmup: float = Field(0.0, ge=0, description="epochs at the start of cosine and cyclic")
    every: int = Field(
        4, ge=1, description="epochs of a step, of a cycle's edge, or of plateau's patience"
    )
    gamma: float = Field(0.1, gt=0, lt=1, description="what step and plateau multiply by")
    cycles: int = Field(3, ge=1, description="cycles of cyclic")
    least_lr: float = Field(1e-5, ge=0, description="lowest rate of cosine, cyclic and plateau")
    augment: Augment = Field(
        "full",
        description="plain mirrors and varies colours; full also jitters the background, and adds "
        "noise and shadows",
    )
    ema: float = Field(
        0.99, ge=0, lt=1, description="decay of the averaged weights that are used; 0 for none"
    )
    clip: float = Field(1.0, ge=0, description="greatest norm of the gradient; 0 for any")
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
    chain: int = Field(
        1, ge=1, description="parts that the training split is cut into, each trained in turn"
    )
    chain_lr: Literal["continue", "restart"] = Field(
        "continue", description="whether the schedule begins anew with each part of the chain"
    )
    seed: int = Field(
        0, ge=0, lt=2**32, description="decides initial weights, order and variations of samples"
    )
    limit: int | None = Field(None, ge=1, description="at most so many samples of each split")
    where: str | None = Field(
        None, description="train only on samples that fulfil a condition, such as 'shift < 0.1'"
    )
    save_every: float = Field(
        60.0, ge=0, description="seconds between checkpoints; what a killed run loses at most"
    )
    device: Device = Field("auto", description="auto takes a GPU where there is one")
    workers: int | None = Field(
        None, ge=0, le=512, description="reading processes  [default: none on a CPU, 8 for a GPU]"
    )
    resume: bool = Field(
        False, description="insist on going on with the run in --out, with its options"
    )
    overwrite: bool = Field(False, description="replace the run in --out")

    @model_validator(mode="after")
    def _check(self) -> "FitConfig":
        parse(self.mask_loss, "mask")
        parse(self.depth_loss, "depth")
        if self.size is not None:
            self._check_size(self.size)
        if self.resume and self.overwrite:
            raise ValueError("--resume and --overwrite exclude each other")
        if self.batch_size is not None and self.accumulate > self.batch_size:
            raise ValueError("--accumulate must not be more than --batch-size")
        return self

    def _check_size(self, plan: SizePlan) -> None:
        multiple = described(self.model).multiple
        for size, _ in plan.steps:
            if not fits(size, multiple):
                raise ValueError(
                    f"--size {shown(size)}: sides must be multiples of {multiple} for "
                    f"{self.model}, for instance {shown(next_fitting(size, multiple))}"
                )
        planned = plan.epochs
        if planned and "epochs" in self.model_fields_set and self.epochs != planned:
            raise ValueError(
                f"--size {plan} makes {planned} epochs and --epochs {self.epochs}; leave out one"
            )

    def sizes(self, of_dataset: Size) -> list[tuple[Size, int]]:
        """Sizes one after another with their epochs, for each part of the chain."""
        if self.size is None:
            return [(of_dataset, self.epochs)]
        return [(size, epochs or self.epochs) for size, epochs in self.size.steps]

    @property
    def samples_per_step(self) -> int:
        """``batch_size`` of options that are settled."""
        assert self.batch_size is not None
        return self.batch_size

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.out or Path("runs") / folder_name(self.model)
