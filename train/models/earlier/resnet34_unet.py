"""futartup's idea of a U-Net on a ResNet-34 (S15AB, 2020), made to work. 33,872,322 parameters.

The encoder is timm's ResNet-34 (He et al. 2015), randomly initialised, where timm would let every
block start as the identity; one more step down follows, then four bilinear steps up whose skips are
the encoder's four stages.

The original, of 33,862,849 parameters, couldn't be trained for this task. What differs: the stem
takes both pictures, the composite first, where it took three channels (+ 9,408); there are two
heads, where it returned features and one map (+ 65); the maps, which it left at a quarter of the
height and width, are enlarged bilinearly to the input's size; depth ends in a sigmoid.
"""

from typing import ClassVar

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.models.earlier.unet_blocks import Decoder, Down
from train.models.student import Student

STAGES = (64, 128, 256, 512)
BOTTOM = 512


class ResNet34UNet(Student):
    """See the module; takes sides of any 33 pixels or more."""

    multiple: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.encoder = timm.create_model(
            "resnet34",
            pretrained=False,
            features_only=True,
            in_chans=6,
            out_indices=(1, 2, 3, 4),
            zero_init_last=False,
        )
        self.down = Down(STAGES[-1], BOTTOM)
        self.ups = Decoder((*STAGES, BOTTOM))
        self.mask_head, self.depth_head = (nn.Conv2d(STAGES[0], 1, 1) for _ in range(2))

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each, depth in (0, 1)."""
        stages = self.encoder(torch.cat([fg_bg, bg], dim=1))
        shared = self.ups([*stages, self.down(stages[-1])])
        mask, depth = (
            F.interpolate(head(shared), size=bg.shape[2:], mode="bilinear")
            for head in (self.mask_head, self.depth_head)
        )
        return mask, torch.sigmoid(depth)
