"""Students by name, without the libraries that they need."""

import difflib
from typing import NamedTuple

from data_manifest.errors import UsageError

DEFAULT = "twin"
TIMM = "timm:"
EMBEDDED_TIMM = "timm:tf_efficientnet_lite0"


class Described(NamedTuple):
    """What a student is, in words.

    Both sides of its pictures must be multiples of ``multiple``, and at least ``smallest``.
    """

    about: str
    multiple: int
    smallest: int = 16

    @property
    def sides(self) -> str:
        """What sides it takes, in words."""
        of = f"multiples of {self.multiple}" if self.multiple > 1 else "any"
        return of if self.smallest <= 16 else f"{of} from {self.smallest}"


STUDENTS: dict[str, Described] = {
    "twin": Described("FastDepth's features of both pictures; pretrained by that teacher", 8),
    EMBEDDED_TIMM: Described(
        "any encoder of timm, this one embedded; pretrained on ImageNet, not by a teacher", 16
    ),
    "mdeas": Described("MDEAS: two stems, dense blocks that add", 16),
    "dual_unet": Described("Gilf641's: one stem, two whole U-Nets", 1),
    "w_unet": Described("Sushmitha's W-Net: two U-Nets of five and four levels", 1, 32),
    "res_unet": Described("vathos's: residual, the depth decoder feeds the mask's", 16),
    "resnext_unet": Described("vathos's, with grouped bottlenecks", 16),
    "unet": Described("futartup's U-Net with two heads", 1),
    "unet_transposed": Described("the same with transposed convolutions", 1),
    "resnet34_unet": Described("futartup's idea: timm's ResNet-34 with a U-Net's decoder", 1, 33),
}


def checked_name(name: str) -> str:
    """The same name. Raises UsageError where no student is called so."""
    if name in STUDENTS or (name.startswith(TIMM) and len(name) > len(TIMM)):
        return name
    near = difflib.get_close_matches(name, STUDENTS, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(STUDENTS)}."
    raise UsageError(f"There is no student {name}; {hint}")


def described(name: str) -> Described:
    """What a student is; one of timm's like all of them."""
    return STUDENTS[name if name in STUDENTS else EMBEDDED_TIMM]


def folder_name(name: str) -> str:
    """A student's name as a folder may be called."""
    return name.replace(":", "-").replace("/", "-")
