"""What an exported student says of itself, within its file: everything that is needed to use it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from data_manifest.errors import WeightsError
from data_manifest.header import Header
from data_manifest.record import Size
from train.running.checkpoint import Checkpoint

About = Mapping[str, str]
"""Words by name: in an ONNX file its metadata, in an OpenVINO model's .xml ``rt_info``."""


def about(checkpoint: Checkpoint, file: Path, size: Size, header: Header | None) -> dict[str, str]:
    """What is to be known of the student in a checkpoint's ``file``, for pictures of ``size``.

    ``header`` is that of the dataset that it was trained on, where that is still there.
    """
    network, encoding = checkpoint.network, checkpoint.network.encoding
    near, far = encoding.limits if encoding.near_is == "small" else encoding.limits[::-1]
    return {
        "made_by": "train export, of Diorama",
        "student": network.name,
        "size": f"{size:x}",
        "inputs": "bg, fg_bg: (batch, 3, height, width) float32 RGB in [0, 1]",
        "outputs": "mask, probability, and depth, in its unit: (batch, 1, height, width) float32",
        "unit": encoding.unit,
        "kind": encoding.kind,
        "near_is": encoding.near_is,
        "nearest": f"{near:g}",
        "farthest": f"{far:g}",
        "origin": network.origin,
        "fingerprint": checkpoint.fingerprint,
        "licence": f"{network.origin}; {_labels(header)}; see both before you pass this on",
        "checkpoint": file.name,
        "checkpoint_sha256": digest(file),
    }


def _labels(header: Header | None) -> str:
    stage = header.stages.depth if header else None
    if stage is None:
        return "depth labels by a teacher that isn't known here, as the dataset was gone"
    return f"depth labels by {stage.teacher}, licence {stage.licence}"


def mark_of(words: About) -> str:
    """What stands near the beginning of every file of one student, trained on one dataset."""
    return f"{words['student']} by Diorama, trained on {words['fingerprint']}"


def digest(file: Path) -> str:
    """The SHA-256 of a file's content, 64 hex digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_stale(words: About, run: Path) -> bool:
    """Whether a run's checkpoint has changed since it was exported, or is gone."""
    file = run / Path(words["checkpoint"]).name
    return not file.is_file() or digest(file) != words["checkpoint_sha256"]


def refuse_strangers(file: Path, words: About) -> None:
    """Raises WeightsError where a file doesn't say of itself what ours do."""
    if not {"student", "size", "fingerprint", "checkpoint", "checkpoint_sha256"} <= words.keys():
        raise WeightsError(
            f"{file} isn't a student that `train export` made; move it away, and export again."
        )
