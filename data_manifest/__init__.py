"""The contract that the three commands share: samples, plans, shards and how to read them.

Import what a consumer needs from here::

    from data_manifest import Dataset
    dataset = Dataset("data", split="train")
    sample = dataset[0]          # .bg, .fg_bg, .mask, .depth, .record
"""

from data_manifest.dataset import Dataset
from data_manifest.errors import DioramaError
from data_manifest.record import Record, Sample

__all__ = ["Dataset", "DioramaError", "Record", "Sample"]
