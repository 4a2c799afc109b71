"""Students by name. All take (bg, fg_bg) and give (mask_logits, depth)."""

from train.config import ModelName
from train.models.mdeas import MDEAS
from train.models.student import Student


def make_model(name: ModelName) -> Student:
    """A new, randomly initialised student."""
    match name:
        case "mdeas":
            return MDEAS()
