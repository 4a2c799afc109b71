"""Students with any timm encoder: one encoder for both pictures, and light decoders.

Encoders as timm (Wightman 2019) has them, up to 1/16 of the side. Decoders are those of ``twin``,
with its second look at the mask's edges, but for the scene's depth, which is learnt. Pretrained on
ImageNet where weights can be had, not on depth and not by the teacher.
"""

import difflib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from data_manifest.errors import UsageError
from train.models.layout import Layout
from train.models.refiner import Refiner
from train.models.siamese import MaskDecoder, ObjectDepth, Pyramid, to_size_of
from train.models.student import Student

LEVELS = (2, 4, 8, 16)
MASK_WIDTHS = SCENE_WIDTHS = (24, 32, 48, 64)
OBJECT_LEVEL, OBJECT_WIDTH = 2, 32
LEAST_SIDE = 64
MIDDLE = 0.3  # a depth target to begin with


class TimmStudent(Student):
    """See the module; ``encoder`` is a name of ``timm.list_models()``.

    Raises UsageError where timm has no such encoder, or it has no features at 1/2 to 1/16.
    """

    multiple = 16
    mean: Tensor
    std: Tensor

    def __init__(self, encoder: str, layout: Layout) -> None:
        super().__init__()
        self.name, self._layered, self._pretrained = encoder, layout.layered, False
        self.encoder, channels = make_encoder(encoder)
        for name in ("mean", "std"):
            value = torch.tensor(self.encoder.default_cfg[name])[:, None, None]
            self.register_buffer(name, value, persistent=False)
        self.mask = MaskDecoder(channels, MASK_WIDTHS)
        self.refiner = Refiner()
        self.scene = Pyramid(channels, SCENE_WIDTHS)
        self.scene_head = nn.Conv2d(SCENE_WIDTHS[0], 1, 3, padding=1)
        nn.init.constant_(self.scene_head.bias, MIDDLE)  # type: ignore[arg-type]
        self.object = ObjectDepth(channels[OBJECT_LEVEL], OBJECT_WIDTH, layered=layout.layered)

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) in [0, 1] to mask logits and depth, (B, 1, H, W) each."""
        features = self.encoder((torch.cat([bg, fg_bg]) - self.mean) / self.std)
        of_bg, of_fg_bg = ([x.chunk(2)[half] for x in features] for half in (0, 1))
        logits = self.refiner(bg, fg_bg, self.mask(bg, fg_bg, of_bg, of_fg_bg))
        scene = self.scene_head(self.scene(of_bg if self._layered else of_fg_bg))
        probability = torch.sigmoid(logits).detach()
        depth = self.object(
            of_bg[OBJECT_LEVEL],
            of_fg_bg[OBJECT_LEVEL],
            probability,
            to_size_of(scene, logits),
        )
        return logits, depth

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Begin with an encoder's state. Raises RuntimeError where it is another network's."""
        self.encoder.load_state_dict(state)
        self._pretrained = True
        self.train(self.training)

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The encoder."""
        return list(self.encoder.parameters())

    def train(self, mode: bool = True) -> "TimmStudent":
        """Training mode, but norms of a pretrained or frozen encoder keep their statistics.

        Those of a few composites that share a background are no better, and a sample would mean
        something else in another batch.
        """
        super().train(mode)
        if self._pretrained or not any(part.requires_grad for part in self.encoder.parameters()):
            self.encoder.eval()
        return self


def make_encoder(name: str, **weights: Any) -> tuple[Any, list[int]]:
    """A timm encoder and the channels of its features at ``LEVELS``; random without ``weights``.

    ``weights`` are what ``timm.create_model`` takes for them. Raises UsageError where timm has no
    such encoder, or it has no features at 1/2 to 1/16.
    """
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 1)
        hint = f"did you mean timm:{near[0]}?" if near else "`timm.list_models()` lists them."
        raise UsageError(f"There is no encoder timm:{name}; {hint}")
    whole: Any = timm.create_model(name, features_only=True)
    reductions = whole.feature_info.reduction()
    if not set(LEVELS) <= set(reductions):
        raise UsageError(
            f"timm:{name} has features at 1/{', 1/'.join(map(str, reductions))} of the side; "
            "a student needs them at 1/2, 1/4, 1/8 and 1/16."
        )
    wanted = tuple(reductions.index(level) for level in LEVELS)
    encoder: Any = timm.create_model(name, features_only=True, out_indices=wanted, **weights)
    _drop_unused(encoder)
    return encoder, encoder.feature_info.channels()


def _drop_unused(encoder: nn.Module) -> None:
    """Leave out stages at the end that no wanted feature needs; timm keeps some of them."""
    device = next(encoder.parameters()).device
    features = encoder.eval()(torch.zeros(1, 3, LEAST_SIDE, LEAST_SIDE, device=device))
    sum(part.sum() for part in features).backward()
    encoder.train()
    unused = {part for part in encoder.parameters() if part.grad is None}
    encoder.zero_grad(set_to_none=True)
    for stages in encoder.children():
        while isinstance(stages, nn.Sequential) and _is_unused(stages, unused):
            del stages[-1]
    for part in unused:
        part.requires_grad_(False)


def _is_unused(stages: nn.Sequential, unused: set[nn.Parameter]) -> bool:
    """Whether the last stage has parameters, and none that is used."""
    last = set(stages[-1].parameters()) if len(stages) else set()
    return bool(last) and last <= unused
