"""The plan: the table of all placements, known before a pixel is drawn."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_manifest.errors import DatasetError
from data_manifest.files.names import UNFIT_ID, UNFIT_KEY
from data_manifest.files.publish import publishing
from data_manifest.plan_columns import OPTIONAL, SCHEMA, records
from data_manifest.record import Record

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

    def __reduce__(self) -> tuple[type["Plan"], tuple[pa.Table]]:
        return Plan, (self.table,)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __getitem__(self, index: int) -> Record:
        if not -len(self) <= index < len(self):
            raise IndexError(f"The plan has {len(self)} rows, none numbered {index}.")
        row = index % len(self)

        def column(name: str) -> tuple[Any] | None:
            return (_item(*self._columns[name], row),) if name in self._columns else None

        return next(records(1, column))

    def records(self, rows: npt.NDArray[np.int64] | None = None) -> list[Record]:
        """The records of plan rows, in their order; of all where ``rows`` is None."""

        def column(name: str) -> list[Any] | None:
            return _items(*self._columns[name], rows) if name in self._columns else None

        return list(records(len(self) if rows is None else len(rows), column))

    def take(self, rows: npt.NDArray[np.int64]) -> "Plan":
        """The plan of some rows alone, in their order."""
        return Plan(self.table.take(pa.array(rows)))

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

    @property
    def stored_order(self) -> npt.NDArray[np.int64]:
        """All plan rows in the order in which they are stored, (n,)."""
        return self._stored[0]

    def shard_rows(self, shard: int) -> npt.NDArray[np.int64]:
        """The plan rows of one shard, in the order in which they are stored."""
        order, bounds = self._stored
        return order[bounds[shard] : bounds[shard + 1]]

    def shard_records(self, shard: int) -> list[Record]:
        """The records of one shard, in the order in which they are stored."""
        return self.records(self.shard_rows(shard))

    @cached_property
    def _stored(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        shards = self.column("shard")
        order = np.lexsort((self.column("row"), shards)).astype(np.int64, copy=False)
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
        """Read a plan.

        Raises DatasetError where it is missing, damaged, has other columns, or keys or ids that
        can't be names of files.
        """
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise DatasetError(
                f"{path} is missing; run the command that makes this dataset again."
            ) from None
        except (pa.ArrowInvalid, OSError) as error:
            raise DatasetError(
                f"{path} can't be read as Parquet ({error}); run the command that makes this "
                "dataset again."
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
        plan = cls(found)
        for name, unfit in (("key", UNFIT_KEY), ("bg", UNFIT_ID), ("fg", UNFIT_ID)):
            plan._refuse_unfit(name, unfit, path)
        return plan

    def _refuse_unfit(self, name: str, unfit: str, path: Path) -> None:
        """Raises DatasetError where a name in column ``name`` is one that ``unfit`` finds."""
        values, words = self._columns[name]
        names = values if words is None else pa.array(words, pa.string())
        found = names.filter(pc.match_substring_regex(names, unfit))
        if len(found):
            raise DatasetError(
                f"{path} has the {name} {found[0].as_py()[:80]!r}, which can't be a file's name; "
                "it is damaged, or not ours."
            )


def _values(table: pa.Table, field: pa.Field) -> tuple[Any, list[str] | None]:
    column = table.column(field.name)
    array = column.chunk(0) if column.num_chunks else pa.array([], field.type)
    if pa.types.is_dictionary(field.type):
        return array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
    if pa.types.is_string(field.type) or pa.types.is_list(field.type):
        return array, None
    return array.to_numpy(zero_copy_only=False), None


def _items(values: Any, words: list[str] | None, rows: npt.NDArray[np.int64] | None) -> list[Any]:
    if isinstance(values, pa.Array):
        return (values if rows is None else values.take(pa.array(rows))).to_pylist()  # type: ignore[no-any-return]
    chosen = (values if rows is None else values[rows]).tolist()
    return [words[code] for code in chosen] if words is not None else chosen


def _item(values: Any, words: list[str] | None, row: int) -> Any:
    if words is not None:
        return words[values[row]]
    return values[row].item() if isinstance(values, np.ndarray) else values[row].as_py()
