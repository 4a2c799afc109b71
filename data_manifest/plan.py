"""The plan: the table of all placements, known before a pixel is drawn."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from data_manifest.errors import DatasetError
from data_manifest.publish import publishing
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
        ("others", pa.list_(PLACEMENT)),
    ]
)
"""Columns that only plans have that make use of them; a Record's defaults stand for the others."""
_RECORD_FIELDS = (*SCHEMA.names, *OPTIONAL.names)
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Record)}
_ROWS_PER_GROUP = 100_000


class Plan:
    """All placements as columns; a row becomes a Record only when it is asked for.

    Columns stay in Arrow and NumPy buffers, so that forked workers share them.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table.combine_chunks().unify_dictionaries()
        self._columns = {
            field.name: _values(self.table, field)
            for field in (*SCHEMA, *OPTIONAL)
            if field.name in self.table.column_names
        }

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __getitem__(self, index: int) -> Record:
        return Record(*(self._item(name, index) for name in _RECORD_FIELDS))

    def records(self, rows: npt.NDArray[np.int64]) -> list[Record]:
        """The records of plan rows, in their order."""
        columns = [
            _items(*self._columns[name], rows) if name in self._columns else repeat(_DEFAULTS[name])
            for name in _RECORD_FIELDS
        ]
        return [Record(*items) for items in zip(*columns, strict=False)]

    def _item(self, name: str, index: int) -> Any:
        if name not in self._columns:
            return _DEFAULTS[name]
        values, words = self._columns[name]
        if words is not None:
            return words[values[index]]
        if isinstance(values, np.ndarray):
            return values[index].item()
        return _placements(values[index].as_py()) if name == "others" else values[index].as_py()

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """A numeric column, or the integer codes of a column of words; shape (n,)."""
        values = self._columns[name][0]
        if not isinstance(values, np.ndarray):
            raise TypeError(f"Column {name} holds no numbers.")
        return values

    def words(self, name: str) -> list[str]:
        """The distinct words that the codes of column ``name`` stand for."""
        return list(self._columns[name][1] or [])

    def is_word(self, name: str, word: str) -> npt.NDArray[np.bool_]:
        """Where column ``name`` is ``word``; shape (n,)."""
        words = self.words(name)
        code = words.index(word) if word in words else -1
        return np.asarray(self.column(name) == code)

    def shard_rows(self, shard: int) -> npt.NDArray[np.int64]:
        """The plan rows of one shard, in the order in which they are stored."""
        order, bounds = self._stored_order
        return order[bounds[shard] : bounds[shard + 1]]

    def shard_records(self, shard: int) -> list[Record]:
        """The records of one shard, in the order in which they are stored."""
        return self.records(self.shard_rows(shard))

    @cached_property
    def _stored_order(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        shards = self.column("shard")
        order = np.lexsort((self.column("row"), shards))
        return order, np.searchsorted(shards[order], np.arange(self.shard_count + 1))

    @property
    def shard_count(self) -> int:
        """How many shards the plan fills."""
        return int(self.column("shard").max()) + 1 if len(self) else 0

    def write(self, path: Path) -> None:
        """Publish the plan as Parquet."""
        with publishing(path) as temporary:
            pq.write_table(self.table, temporary, row_group_size=_ROWS_PER_GROUP)

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read a plan. Raises DatasetError where it is missing, damaged or has other columns."""
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise DatasetError(f"{path} is missing; run `datagen overlay` to make it.") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise DatasetError(
                f"{path} can't be read as Parquet ({error}); run the same `datagen overlay` again."
            ) from error
        missing = [name for name in SCHEMA.names if name not in table.column_names]
        if missing:
            raise DatasetError(f"{path} has no column {missing[0]!r}: it isn't a Diorama plan.")
        fields = [*SCHEMA, *(field for field in OPTIONAL if field.name in table.column_names)]
        schema = pa.schema(fields)
        try:
            found = table.select(schema.names).cast(schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DatasetError(f"{path} has a column of another type: {error}.") from error
        for name in SCHEMA.names:
            if found.column(name).null_count:
                raise DatasetError(f"{path} has empty cells in its column {name!r}.")
        return cls(found)


def _values(table: pa.Table, field: pa.Field) -> tuple[Any, list[str] | None]:
    column = table.column(field.name)
    array = column.chunk(0) if column.num_chunks else pa.array([], field.type)
    if pa.types.is_dictionary(field.type):
        return array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
    if pa.types.is_string(field.type) or pa.types.is_list(field.type):
        return array, None
    return array.to_numpy(zero_copy_only=False), None


def _items(values: Any, words: list[str] | None, rows: npt.NDArray[np.int64]) -> list[Any]:
    if isinstance(values, pa.ListArray):
        return [_placements(items) for items in values.take(pa.array(rows)).to_pylist()]
    if isinstance(values, pa.Array):
        return values.take(pa.array(rows)).to_pylist()  # type: ignore[no-any-return]
    chosen = values[rows].tolist()
    return [words[code] for code in chosen] if words is not None else chosen


def _placements(items: list[dict[str, Any]]) -> tuple[Placement, ...]:
    return tuple(Placement(**item) for item in items)


def words_column(codes: npt.NDArray[np.integer], words: Sequence[str]) -> pa.DictionaryArray:
    """A column of words, (n,), from codes into ``words``."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string())
    )
