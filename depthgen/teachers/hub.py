"""Any depth network that transformers knows, by its hub id or from a folder.

The model itself is asked, never transformers' ``pipeline``, whose pictures are stretched one by one
to eight bits. No code out of a repository is run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from depthgen.teachers.card import Meaning, Teacher
from depthgen.teachers.declared import OF_KIND, Declared, agreed, meaning_of
from depthgen.teachers.hub_files import (
    find_folder,
    first_line,
    licence_of,
    quiet,
    weight_files,
    weights_digest,
)

NEVER_USED = "neck.fusion_stage.layers.0.residual_layer1."
"""The first fusion has no residual to refine: models are published without these weights."""


class HubNetwork(nn.Module):
    """A model of transformers behind its own normalisation.

    Input (B, 3, h, w) float RGB in [0, 1]; output (B, h', w') float, what the model predicts.
    """

    def __init__(self, model: nn.Module, normalisation: "Normalisation") -> None:
        super().__init__()
        self.model = model
        self.gain: Tensor
        self.offset: Tensor
        self.register_buffer("gain", _per_channel(normalisation.gain))
        self.register_buffer("offset", _per_channel(normalisation.offset))
        self.one_by_one = _votes(model.config)

    def forward(self, rgb: Tensor) -> Tensor:
        """(B, 3, h, w) in [0, 1] to (B, h', w')."""
        pixels = rgb * self.gain + self.offset
        if self.one_by_one:
            return torch.cat([self._predict(part) for part in torch.split(pixels, 1)])
        return self._predict(pixels)

    def _predict(self, pixels: Tensor) -> Tensor:
        depth: Tensor = self.model(pixel_values=pixels).predicted_depth
        return depth


@dataclass(frozen=True)
class Normalisation:
    """What makes a model's input of RGB in [0, 1]: ``rgb * gain + offset``, per channel."""

    gain: tuple[float, ...]
    offset: tuple[float, ...]


def load(name: str, source: str, frame: Size, declared: Declared) -> Teacher:
    """The teacher from ``source``, a folder or a hub id, for a dataset of pictures of ``frame``.

    Pictures are squashed to the size that the model's image processor makes of such a picture,
    without padding or cropping, or to the declared one.

    Raises UsageError where ``source`` is neither, or where something else is declared than the
    model says; WeightsError where the model can't be fetched, or isn't whole.
    """
    folder = find_folder(source)
    files = weight_files(folder)
    with quiet():
        processor = _load_processor(folder)
        model = _load_model(folder)
        size = declared.input_size or _input_size(processor, frame, folder)
    meaning = _meaning(name, model.config, declared)
    network = HubNetwork(model, _normalisation(processor)).eval().requires_grad_(False)
    return Teacher(name, network, size, meaning, licence_of(folder), weights_digest(files))


def _meaning(name: str, config: Any, declared: Declared) -> Meaning:
    """What a model says of its answers, or else what is declared, or else inverse depth."""
    match config.model_type:
        case "zoedepth":
            said = _metric(max(bins["max_depth"] for bins in config.bin_configurations))
        case "depth_anything" if config.depth_estimation_type == "metric":
            said = _metric(config.max_depth)
        case "glpn" | "tipsv2_dpt":
            said = _metric(config.max_depth)
        case "depth_anything" | "depth_pro":
            said = OF_KIND["relative_inverse"]
        case "prompt_depth_anything":  # without its prompt, that is
            said = OF_KIND["relative"]
        case _ if declared.kind or declared.unit:
            return meaning_of(name, declared)
        case _:
            said = OF_KIND["relative_inverse"]
    return agreed(name, said, declared)


def _metric(farthest: float) -> Meaning:
    return Meaning("metres", "metric", "small", (0.0, float(farthest)))


def _votes(config: Any) -> bool:
    """Whether a batch of pictures votes on one scale for all: then each is to be asked alone."""
    return config.model_type == "zoedepth" and len(config.bin_configurations) > 1


def _load_processor(folder: Path) -> Any:
    from transformers import AutoImageProcessor

    make: Any = AutoImageProcessor
    try:
        return make.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # whatever a stranger's file makes it raise
        raise WeightsError(
            f"{folder} has no image processor that can be used: {first_line(error)}. Expected the "
            "preprocessor_config.json of a depth model."
        ) from error


def _load_model(folder: Path) -> Any:
    """The model in float32. Raises WeightsError where it is no depth model, or isn't whole."""
    from transformers import AutoModelForDepthEstimation

    try:
        model, info = AutoModelForDepthEstimation.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
        )
    except ModuleNotFoundError:
        raise
    except Exception as error:  # whatever a stranger's file makes it raise
        raise WeightsError(
            f"{folder} can't be loaded as a depth model: {first_line(error)}. If it was fetched, "
            "its files may be cut off: delete them and fetch it again."
        ) from error
    missing = sorted(name for name in info["missing_keys"] if not name.startswith(NEVER_USED))
    if missing:
        raise WeightsError(
            f"{folder}: {len(missing)} of the model's weights are missing, first {missing[0]}; "
            "without them it would answer at random."
        )
    return model.float()


def _input_size(processor: Any, frame: Size, folder: Path) -> Size:
    """What the processor makes of a picture of ``frame``'s size; it is shown a black one."""
    for without in ("do_pad", "do_center_crop"):
        if getattr(processor, without, None):
            setattr(processor, without, False)
    black = np.zeros((*frame.shape, 3), np.uint8)
    try:
        pixels = processor(images=[black], return_tensors="pt")["pixel_values"]
        height, width = pixels.shape[-2:]
    except Exception as error:  # whatever a stranger's file makes it raise
        raise UsageError(
            f"{folder}: its image processor takes no picture of {frame} pixels: "
            f"{first_line(error)}; give --input-size WIDTHxHEIGHT."
        ) from error
    return Size(int(width), int(height))


def _normalisation(processor: Any) -> Normalisation:
    scale = 255 * processor.rescale_factor if processor.do_rescale else 255.0
    mean, deviation = np.zeros(3), np.ones(3)
    if getattr(processor, "do_normalize", None):
        mean, deviation = mean + processor.image_mean, deviation * processor.image_std
    gain, offset = scale / deviation, -mean / deviation
    return Normalisation(tuple(map(float, gain)), tuple(map(float, offset)))


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)
