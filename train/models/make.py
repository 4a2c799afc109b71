"""A new student by its name."""

from train.models.layout import Layout
from train.models.names import TIMM, checked_name
from train.models.student import Student


def make_model(name: str, layout: Layout) -> Student:
    """A new student with random weights, laid out for what its depth labels mean.

    Raises UsageError where no student is called so.
    """
    match checked_name(name):
        case "twin":
            from train.models.twin import Twin

            return Twin(layout)
        case "mdeas":
            from train.models.earlier.mdeas import MDEAS

            return MDEAS()
        case "dual_unet":
            from train.models.earlier.dual_unet import DualUNet

            return DualUNet()
        case "w_unet":
            from train.models.earlier.w_unet import WUNet

            return WUNet()
        case "res_unet":
            from train.models.earlier.res_unet import ResUNet

            return ResUNet()
        case "resnext_unet":
            from train.models.earlier.resnext_unet import ResNeXtUNet

            return ResNeXtUNet()
        case "unet":
            from train.models.earlier.unet import UNet

            return UNet()
        case "unet_transposed":
            from train.models.earlier.unet import UNet

            return UNet(transposed=True)
        case "resnet34_unet":
            from train.models.earlier.resnet34_unet import ResNet34UNet

            return ResNet34UNet()
    from train.models.timm_encoder import TimmStudent

    return TimmStudent(name.removeprefix(TIMM), layout)
