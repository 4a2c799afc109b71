"""The contract that the three commands share: samples, plans, shards and how to read them.

Import what a consumer needs from here::

    from data_manifest import Dataset
    dataset = Dataset("data", split="train")
    sample = dataset[0]          # .bg, .fg_bg, .mask, .depth, .record
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_manifest.dataset import Dataset
    from data_manifest.errors import DioramaError
    from data_manifest.record import Record, Sample

__all__ = ["Dataset", "DioramaError", "Record", "Sample"]
_HOMES = {"Dataset": "dataset", "DioramaError": "errors", "Record": "record", "Sample": "record"}


def __getattr__(name: str) -> object:
    """What is exported, found when it is first asked for: ``--help`` needs no decoders."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
