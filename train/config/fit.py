"""The options of ``train fit``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.record import Size
from train.choices import ScheduleName
from train.config.learning import LearningConfig
from train.models.names import folder_name


class FitConfig(LearningConfig):
    """Options of ``train fit``."""

    out: Path | None = Field(None, description="run folder to write  [default: runs/MODEL]")
    epochs: int = Field(20, ge=1, description="passes over the training split")
    lr: float = Field(2e-3, gt=0, allow_inf_nan=False, description="highest learning rate")
    schedule: ScheduleName = Field("one-cycle", description="how the learning rate changes")
    warmup: float = Field(0.0, ge=0, description="epochs at the start of cosine and cyclic")
    every: int = Field(
        4, ge=1, description="epochs of a step, of a cycle's edge, or of plateau's patience"
    )
    gamma: float = Field(0.1, gt=0, lt=1, description="what step and plateau multiply by")
    cycles: int = Field(3, ge=1, description="cycles of cyclic")
    least_lr: float = Field(1e-5, ge=0, description="lowest rate of cosine, cyclic and plateau")
    ema: float = Field(
        0.99, ge=0, lt=1, description="decay of the averaged weights that are used; 0 for none"
    )
    chain: int = Field(
        1, ge=1, description="parts that the training split is cut into, each trained in turn"
    )
    chain_lr: Literal["continue", "restart"] = Field(
        "continue", description="whether the schedule begins anew with each part of the chain"
    )
    save_every: float = Field(
        60.0, ge=0, description="seconds between checkpoints; what a killed run loses at most"
    )
    resume: bool = Field(
        False, description="insist on going on with the run in --out, with its options"
    )
    overwrite: bool = Field(False, description="replace the run in --out")

    @model_validator(mode="after")
    def _check(self) -> "FitConfig":
        if self.resume and self.overwrite:
            raise ValueError("--resume and --overwrite exclude each other")
        planned = self.size.epochs if self.size else None
        if planned and "epochs" in self.model_fields_set and self.epochs != planned:
            raise ValueError(
                f"--size {self.size} makes {planned} epochs and --epochs {self.epochs}; leave out "
                "one"
            )
        return self

    def sizes(self, of_dataset: Size) -> list[tuple[Size, int]]:
        """Sizes one after another with their epochs, for each part of the chain."""
        if self.size is None:
            return [(of_dataset, self.epochs)]
        return [(size, epochs or self.epochs) for size, epochs in self.size.steps]

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.out or Path("runs") / folder_name(self.model)
