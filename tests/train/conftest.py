"""A real student, shared by the tests of what is done with one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from train.config.fit import FitConfig
from train.fit import fit
from train.shipping import latency


@pytest.fixture(scope="session")
def student_run(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 32 samples of 48 px: it knows little, but no answer is flat; read only."""
    folder = tmp_path_factory.mktemp("runs") / "student"
    options = {
        "shards": (str(labelled),), "out": folder, "model": "mdeas", "size": 48, "epochs": 2,
        "batch_size": 2, "limit": 32, "ema": 0, "workers": 0, "device": "cpu", "quiet": True,
    }  # fmt: skip
    fit(FitConfig.model_validate(options))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _timed_briefly() -> Iterator[None]:
    """How fast a form of a student is here matters to no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "ROUNDS", 1)
        patch.setattr(latency, "SECONDS", 0.0)
        yield
