"""Lists of samples in text files: CSV, TSV or with semicolons, with or without a head line."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_manifest.errors import UsageError

COLUMNS = ("bg", "fg", "fg_bg", "mask", "depth")
_SAME = {
    "fg-bg": "fg_bg",
    "fgbg": "fg_bg",
    "background": "bg",
    "foreground": "fg",
    "overlay": "fg_bg",
}


def read_pairings(path: Path, columns: Sequence[str]) -> list[Mapping[str, str]]:
    """The rows of a list, each from column names to values.

    The columns are those of the head line, or ``columns`` where there is none. Raises UsageError
    where the file can't be read or its columns aren't known.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The list {path} can't be read: {error}.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"The list {path} is empty.")
    separator = max("\t;,", key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise UsageError(f"The list {path} can't be read: {error}.") from None
    head = [_SAME.get(name.strip().lower(), name.strip().lower()) for name in rows[0]]
    if "fg_bg" in head and "mask" in head:
        return [dict(zip(head, row, strict=False)) for row in rows[1:]]
    if not columns:
        raise UsageError(
            f"{path} has no head line with fg_bg and mask; say what its columns are, such as "
            "--columns bg,fg_bg,mask,depth."
        )
    if len(columns) > len(rows[0]):
        raise UsageError(f"{path} has {len(rows[0])} columns, but --columns names {len(columns)}.")
    return [dict(zip(columns, row, strict=False)) for row in rows]
