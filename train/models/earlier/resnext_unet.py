"""The ResUNeXt of vathos (ProjektDepth, 2020), which they never trained. 16,409,856 parameters.

ResUNet with grouped bottlenecks (Xie et al. 2017) for its pairs of convolutions. One deviation:
depth ends in a sigmoid; the original gives logits (and depth first).
"""

from torch import nn

from train.models.earlier.res_unet import ResUNet, normed

GROUPS = 32


def grouped(inputs: int, outputs: int) -> nn.Sequential:
    """Normed convolutions of 1x1, 3x3 in 32 groups, and 1x1.

    The middle has 32 channels for every 6 outputs, rounded down.
    """
    middle = GROUPS * (outputs // 6)
    return nn.Sequential(
        normed(inputs, middle, 1), normed(middle, middle, 3, GROUPS), normed(middle, outputs, 1)
    )


class ResNeXtUNet(ResUNet):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(grouped)
