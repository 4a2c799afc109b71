"""Checkpoints: everything that a run needs to go on, or a model to be used, in one file."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import torch

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import UsageError, WeightsError
from data_manifest.files.publish import publishing
from data_manifest.record import Size
from train.models.layout import Layout
from train.models.make import make_model
from train.models.student import Student

LAST, BEST, PRUNED, OPTIONS = "last.pt", "best.pt", "pruned.pt", "config.yaml"
VERSION = 2
Numbers = dict[str, float]
Weights = dict[str, torch.Tensor]


class Network(NamedTuple):
    """What a network is: its name and how it was laid out, for which size, and what depth means.

    ``origin`` says in words what its weights began with.
    """

    name: str
    layout: Layout
    size: Size
    encoding: DepthEncoding
    origin: str

    def plain(self) -> dict[str, Any]:
        """As a dict of plain values, which :meth:`of` takes."""
        return {
            **self._asdict(),
            "layout": tuple(self.layout),
            "size": tuple(self.size),
            "encoding": self.encoding.model_dump(),
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Network":
        """The same again."""
        return cls(
            name=str(plain["name"]),
            layout=Layout(*plain["layout"]),
            size=Size(*map(int, plain["size"])),
            encoding=DepthEncoding.model_validate(plain["encoding"]),
            origin=str(plain["origin"]),
        )


class Checkpoint(NamedTuple):
    """Where a run is: ``epoch`` whole epochs, and ``consumed`` samples of the next.

    ``weights`` are the network's, ``averaged`` their moving average where there is one, which is
    what is used. ``fingerprint`` is of the dataset. ``states`` are those of optimiser, schedule,
    losses, scaler and average, ``sums`` what the epoch's losses add up to so far, and ``history``
    holds one dict of numbers per epoch; a checkpoint that is only to be used has no states.
    """

    network: Network
    weights: Weights
    averaged: Weights | None
    epoch: int
    consumed: int
    fingerprint: str
    states: dict[str, Any]
    sums: Numbers
    history: list[Numbers]

    def trained_model(self) -> Student:
        """The model with the weights that are to be used, in evaluation mode.

        Raises WeightsError where they don't fit it.
        """
        model = make_model(self.network.name, self.network.layout)
        try:
            model.load_state_dict(self.averaged or self.weights)
        except RuntimeError as error:
            raise WeightsError(
                f"The checkpoint's weights are not those of {self.network.name} as it is in this "
                "version; train it anew."
            ) from error
        keep_freed_memory(in_large_pages=True)
        return model.to(memory_format=torch.channels_last).eval()

    def write(self, path: Path) -> None:
        """Publish the checkpoint."""
        content = {**self._asdict(), "network": self.network.plain(), "version": VERSION}
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
        except Exception as error:
            raise WeightsError(f"{path} is not a whole checkpoint of `train fit`.") from error
        if version != VERSION:
            raise WeightsError(
                f"{path} is a checkpoint of version {version}, expected {VERSION}; train it anew."
            )
        try:
            return cls(network=Network.of(content.pop("network")), **content)
        except Exception as error:
            raise WeightsError(f"{path} is not a whole checkpoint of `train fit`.") from error
