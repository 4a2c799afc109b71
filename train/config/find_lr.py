"""The options of ``train find-lr``."""

from pathlib import Path

from pydantic import Field, model_validator

from train.config.fit import FitConfig
from train.config.learning import LearningConfig


class FindLrConfig(LearningConfig):
    """Options of ``train find-lr``."""

    out: Path = Field(Path("finding-lr.png"), description="picture to write")
    least: float = Field(1e-6, gt=0, allow_inf_nan=False, description="lowest rate")
    most: float = Field(1.0, gt=0, allow_inf_nan=False, description="highest rate")
    steps: int = Field(100, ge=20, le=100_000, description="steps from the lowest to the highest")
    overwrite: bool = Field(False, description="replace --out")

    @model_validator(mode="after")
    def _check_range(self) -> "FindLrConfig":
        if self.most <= self.least:
            raise ValueError("--most must be higher than --least")
        return self

    def as_fit(self, batch_size: int) -> FitConfig:
        """What is trained, as options of ``train fit``; ``batch_size`` where none was given."""
        shared = {name: getattr(self, name) for name in LearningConfig.model_fields}
        chosen = {"batch_size": self.batch_size or batch_size, "ema": 0.0, "schedule": "constant"}
        return FitConfig.model_validate({**shared, **chosen, "lr": self.least})
