"""Depth within a mask as bytes: differences from pixel to pixel, deflated, without loss."""

import zlib

import numpy as np

from data_manifest.errors import DatasetError
from data_manifest.pictures.copying import Values, copied
from data_manifest.record import Mask, StoredDepth

_CENTRE = 128  # so that small differences either way have nothing in their high byte
_LEVEL = 1


def encode_values(values: StoredDepth) -> bytes:
    """(k,) uint16 as bytes: high bytes of the differences, then their low bytes, in zlib's format.

    Each difference is taken modulo 2^16, from the value before or from 0, and 128 is added.
    """
    differences = np.diff(values, prepend=np.uint16(0)) + np.uint16(_CENTRE)
    planes = np.concatenate([differences >> 8, differences & 255]).astype(np.uint8)
    return zlib.compress(planes.tobytes(), _LEVEL)


def decode_values(data: bytes) -> StoredDepth:
    """The values in what ``encode_values`` gave, (k,) uint16. Raises ValueError for other bytes."""
    try:
        planes = np.frombuffer(zlib.decompress(data), np.uint8).astype(np.uint16).reshape(2, -1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return np.cumsum((planes[0] << 8 | planes[1]) - np.uint16(_CENTRE), dtype=np.uint16)


def laid_in(ground: Values, values: Values, mask: Mask, out: Values | None = None) -> Values:
    """``ground``, (H, W), with ``values``, (k,), in the places of ``mask``, (H, W) bool.

    In ``out`` where that is given. Raises DatasetError where they aren't as many as the mask has.
    """
    count = int(np.count_nonzero(mask))
    if len(values) != count or mask.shape != ground.shape:
        raise DatasetError(
            f"Depth within a mask doesn't fit it: {len(values):,} values for {count:,} pixels."
        )
    depth = copied(ground, out)
    depth[mask] = values
    return depth
