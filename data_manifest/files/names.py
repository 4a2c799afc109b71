"""Names in a dataset, an export or a run are data, never paths, whoever wrote them."""

import os
import re
from pathlib import Path

from data_manifest.errors import DatasetError

_LONGEST = 200  # characters; room is left for what is put before and after
UNFIT_KEY = rf"(^|/)(\.|$)|^/|//|[\x00-\x1f\x7f\\]|[^/]{{{_LONGEST + 1}}}"
"""Finds what a sample's key may not have, in Python's and in Arrow's regular expressions: empty
parts, parts that begin with a dot or are too long, control characters and backslashes."""
UNFIT_ID = r"(^|/)(\.\.?)?(/|$)|\x00"
"""The same of a source's id, which is what a user calls a file: it may only not lead anywhere."""


def is_fit_key(key: str) -> bool:
    """Whether a sample may be called so: its pictures are files of that name in many places."""
    return not re.search(UNFIT_KEY, key)


def inside(folder: Path, name: str) -> Path:
    """The path of ``name`` below ``folder``.

    Raises DatasetError where it leads out of the folder: by its parts, or through a link.
    """
    if re.search(UNFIT_ID, name) or not is_below(folder, (folder / name).parent):
        raise DatasetError(f"{folder} names the file {name[:80]!r}, which lies outside; refused.")
    return folder / name


def is_below(folder: Path, path: Path) -> bool:
    """Whether ``path`` is ``folder`` or lies in it, links followed."""
    top = os.path.realpath(folder)
    return os.path.commonpath([top, os.path.realpath(path)]) == top
