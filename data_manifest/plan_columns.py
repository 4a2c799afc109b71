"""The columns of manifest.parquet, and how a record's placements lie in them.

The first placement has columns of its own; further ones are a list of structs, ``others``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_manifest.record import Placement, Record

_WORDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("key", pa.string()),
        ("bg", _WORDS),
        ("fg", _WORDS),
        ("flip", pa.bool_()),
        ("scale", pa.float64()),
        ("angle", pa.float64()),
        ("x", pa.int32()),
        ("y", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("blend", _WORDS),
        ("split", _WORDS),
        ("shard", pa.int32()),
        ("row", pa.int32()),
    ]
)
OTHERS = "others"
PLACEMENT = pa.struct(
    [
        ("fg", pa.string()),
        ("flip", pa.bool_()),
        *((name, pa.float64()) for name in ("scale", "angle")),
        *((name, pa.int32()) for name in ("x", "y", "width", "height")),
        ("blend", pa.string()),
        *((name, pa.float64()) for name in ("shear", "red", "green", "blue")),
        ("labelled", pa.bool_()),
    ]
)
OPTIONAL = pa.schema(
    [
        *((name, pa.float64()) for name in ("shear", "red", "green", "blue")),
        (OTHERS, pa.list_(PLACEMENT)),
    ]
)
"""Columns that only plans have that make use of them; else a Placement's defaults hold."""
_PLACE = ("index", "key", "bg", "split", "shard", "row")
_FIRST = tuple(name for name in Placement._fields if name != "labelled")


def records(count: int, column: Callable[[str], Sequence[Any] | None]) -> Iterator[Record]:
    """``count`` records out of columns by name; None stands for a column that isn't there."""

    def values(name: str) -> Iterable[Any]:
        found = column(name)
        return repeat(Placement._field_defaults[name], count) if found is None else found

    firsts = zip(*map(values, _FIRST), strict=False)
    others = column(OTHERS) or repeat((), count)
    places = zip(*((column(name) or ()) for name in _PLACE), strict=True)
    for (index, key, bg, split, shard, row), first, more in zip(
        places, firsts, others, strict=True
    ):
        placements = (Placement(*first), *(Placement(**item) for item in more))
        yield Record(index, key, bg, split, shard, row, placements)


def flat(record: Record) -> dict[str, Any]:
    """A record as its columns: the first placement's fields, and the others in a list."""
    first, *others = record.placements
    values = {name: getattr(record, name) for name in _PLACE}
    values |= {**first._asdict(), OTHERS: [one._asdict() for one in others]}
    return {name: values[name] for name in (*SCHEMA.names, *OPTIONAL.names)}


def words_column(codes: npt.NDArray[np.integer], words: Sequence[str]) -> pa.DictionaryArray:
    """A column of words, (n,), from codes into ``words``."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string())
    )
