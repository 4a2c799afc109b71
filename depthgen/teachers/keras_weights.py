"""Weights that Keras stored as HDF5, by the names of its layers.

A layer is a group, of the file or of its ``model_weights``, whose attribute ``weight_names`` lists
the arrays in it. Kernels are (height, width, inputs, outputs). A file of a whole model, not of
weights alone, says in its attribute ``model_config``, JSON, what feeds each layer.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from data_manifest.errors import WeightsError

OF_CONVOLUTION = {"kernel": "weight", "bias": "bias"}
OF_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Keras' names of a layer's arrays, and torch's."""


def read_layers(path: Path, layers: Mapping[str, nn.Module]) -> None:
    """Fill convolutions and batch norms in place with the arrays of the layers of those names.

    Raises WeightsError where ``path`` is no whole HDF5 file, or where an array is missing, is of
    another shape or isn't of finite floats. The network may then be half filled.
    """
    with _layers_of(path) as root:
        for name, layer in layers.items():
            _fill(path, root, name, layer)


def output_channels(path: Path, layer: str) -> int:
    """How many channels a convolution gives. Raises WeightsError as ``read_layers``."""
    with _layers_of(path) as root:
        return int(_read(path, root, layer, "kernel").shape[-1])


def feeds(path: Path, layer: str, other: str) -> bool | None:
    """Whether ``layer``'s answer goes right into ``other``; None where the file can't say.

    Raises WeightsError where ``path`` is no whole HDF5 file, or its model can't be understood.
    """
    with _layers_of(path) as root:
        model = root.file.attrs.get("model_config")
    if model is None:
        return None
    try:
        layers = {each["name"]: each for each in json.loads(model)["config"]["layers"]}
        return f'"{layer}"' in json.dumps(layers[other]["inbound_nodes"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"{path}: its model_config doesn't say what feeds layer {other!r}; it is another "
            "network's file."
        ) from error


@contextmanager
def _layers_of(path: Path) -> Iterator[Any]:
    try:
        with h5py.File(path) as file:
            yield file.get("model_weights", file)
    except (OSError, RuntimeError) as error:  # what h5py raises for a file that was cut off
        raise WeightsError(f"{path} can't be read as Keras' HDF5 file: {error}.") from error


def _fill(path: Path, root: Any, name: str, layer: nn.Module) -> None:
    of = OF_NORM if isinstance(layer, nn.BatchNorm2d) else OF_CONVOLUTION
    for theirs, ours in of.items():
        part = getattr(layer, ours)
        if part is None:
            continue
        array = _read(path, root, name, theirs)
        if theirs == "kernel" and array.ndim == part.ndim:
            array = array.transpose(3, 2, 0, 1)
        if array.shape != tuple(part.shape):
            raise WeightsError(
                f"{path}: {theirs} of layer {name!r} has shape {array.shape}, expected "
                f"{tuple(part.shape)}, as torch orders them; it is another network's file."
            )
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise WeightsError(f"{path}: {theirs} of layer {name!r} holds no finite floats.")
        _copy(part, array)


def _read(path: Path, root: Any, name: str, wanted: str) -> Any:
    """One array of a layer, whatever Keras put before and behind its name."""
    group = root.get(name)
    names = group.attrs.get("weight_names", ()) if isinstance(group, h5py.Group) else ()
    for entry in names:
        full = entry.decode() if isinstance(entry, bytes) else str(entry)
        found = group.get(full)
        if full.split("/")[-1].split(":")[0] == wanted and isinstance(found, h5py.Dataset):
            return found[()]
    raise WeightsError(
        f"{path} holds no {wanted} of a layer {name!r}; it is another network's file."
    )


@torch.no_grad()
def _copy(part: Tensor, array: Any) -> None:
    part.copy_(torch.from_numpy(np.ascontiguousarray(array, np.float32)))
