"""Checkpoints: everything that a run needs to go on, or a model to be used, in one file."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import torch

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.errors import UsageError, WeightsError
from data_manifest.files.publish import publishing
from data_manifest.header import DepthEncoding
from data_manifest.record import Size
from train.config import ModelName
from train.models import make_model
from train.models.student import Student

LAST, BEST, OPTIONS = "last.pt", "best.pt", "config.yaml"
VERSION = 1


class Checkpoint(NamedTuple):
    """State after ``epoch`` whole epochs.

    ``encoding`` says what the depth output means, ``fingerprint`` which dataset was trained on;
    ``history`` holds one dict of numbers per epoch.
    """

    epoch: int
    model_name: ModelName
    size: Size
    encoding: DepthEncoding
    fingerprint: str
    model: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    history: list[dict[str, float]]

    def trained_model(self) -> Student:
        """The model with these weights, in evaluation mode."""
        model = make_model(self.model_name)
        model.load_state_dict(self.model)
        keep_freed_memory()
        return model.to(memory_format=torch.channels_last).eval()

    def write(self, path: Path) -> None:
        """Publish the checkpoint."""
        content = {**self._asdict(), "encoding": self.encoding.model_dump(), "version": VERSION}
        content["size"] = tuple(self.size)
        file = io.BytesIO()  # torch itself doesn't report a full disk as an OSError
        torch.save(content, file)
        with publishing(path) as temporary:
            temporary.write_bytes(file.getbuffer())

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """Read a checkpoint; no code in it is run.

        Raises UsageError where it doesn't exist, WeightsError where it isn't a checkpoint of ours.
        """
        if not path.is_file():
            raise UsageError(f"There is no checkpoint {path}; train one with `train fit`.")
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            version = content.pop("version")
            encoding = DepthEncoding.model_validate(content.pop("encoding"))
            size = Size.parse(content.pop("size"))
            assert isinstance(size, Size)
            checkpoint = cls(encoding=encoding, size=size, **content)
        except Exception as error:
            raise WeightsError(f"{path} is not a whole checkpoint of `train fit`.") from error
        if version != VERSION:
            raise WeightsError(f"{path} is a checkpoint of version {version}, expected {VERSION}.")
        return checkpoint
