"""A real student that was exported, shared by the tests of its forms."""

import shutil
from pathlib import Path

import pytest

from train.config.shipping import ExportConfig
from train.export import export


@pytest.fixture(scope="session")
def exported_run(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run with model.onnx; read only."""
    folder = Path(shutil.copytree(student_run, tmp_path_factory.mktemp("exported") / "run"))
    export(ExportConfig(run=folder, quiet=True))
    return folder
