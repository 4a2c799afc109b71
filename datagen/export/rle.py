"""COCO's run-length encoding of masks (Lin et al. 2014, "Microsoft COCO")."""

from typing import Any

import numpy as np

from data_manifest.record import Mask


def run_lengths(mask: Mask) -> dict[str, Any]:
    """An (H, W) bool mask as uncompressed RLE: {"size": [H, W], "counts": [...]}.

    Counts run down the columns, from left to right, and start with False.
    """
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}


def bounding_box(mask: Mask) -> list[int]:
    """[x, y, width, height] in pixels of a mask that isn't empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1]
