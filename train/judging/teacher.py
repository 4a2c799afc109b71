"""The teacher itself, asked about composites alone, where it is FastDepth and at hand."""

from torch import Tensor
from torch.nn import functional as F

from data_manifest.depth_stage import DepthEncoding, DepthStage
from data_manifest.errors import WeightsError
from data_manifest.weights import fastdepth
from train.models.twin import Trunk


def labelled_by_fastdepth(stage: DepthStage) -> bool:
    """Whether a dataset's labels are by the teacher that students have the network of."""
    return stage.weights_sha256 == fastdepth.WEIGHTS.sha256


def load_teacher() -> Trunk:
    """FastDepth with the weights that were fetched before; nothing is fetched.

    Raises WeightsError where there are none, or others.
    """
    cached = fastdepth.cached()
    if not cached.is_file():
        raise WeightsError(f"there is no {cached}; `depthgen pull fastdepth` fetches it")
    weights = fastdepth.fetch(cached)
    if weights.sha256 != fastdepth.WEIGHTS.sha256:
        raise WeightsError(f"{cached} has SHA-256 {weights.sha256[:12]}, which isn't FastDepth's")
    teacher = Trunk()
    teacher.load(weights.content)
    return teacher.eval()


def ask_teacher(teacher: Trunk, fg_bg: Tensor, encoding: DepthEncoding) -> Tensor:
    """Depth targets, (B, 1, H, W), of composites (B, 3, H, W) in [0, 1], squashed to its size."""
    shown = _resized(fg_bg, (fastdepth.SIDE, fastdepth.SIDE))
    metres = F.interpolate(teacher.decode(teacher.encode(shown)), scale_factor=2.0, mode="nearest")
    target: Tensor = encoding.to_target(_resized(metres, fg_bg.shape[2:]))
    return target


def _resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=True)
