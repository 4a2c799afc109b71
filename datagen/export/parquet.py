"""Parquet as Hugging Face ``datasets`` reads it: pictures as files in their cells, and the record.

A picture is a struct<bytes, path>; the schema's ``huggingface`` metadata says that it decodes to an
Image. https://huggingface.co/docs/datasets
"""

import json
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_manifest.files.publish import make_folder, publishing
from data_manifest.header import Header
from data_manifest.plan import Plan
from data_manifest.plan_columns import flat
from data_manifest.record import Record
from data_manifest.shards import ShardReader
from data_manifest.shards.picture_files import FileStream
from datagen.export.output_files import ExportJob, OutputFile, samples_of, write_files
from datagen.export.pictures import endings, safe_name

ROWS_PER_GROUP = 100
_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
RENAMED = {"bg": "bg_id", "fg": "fg_id"}
"""Columns of the plan that are called otherwise, as ``bg`` is the picture."""
_LEFT_OUT = ("shard", "row")


def write_parquet(job: ExportJob) -> None:
    """Write ``data/SPLIT-00000.parquet`` and so on; files that are there are kept."""
    make_folder(job.out / "data")
    dataset = job.selection.dataset
    write = partial(write_file, schema=schema(dataset.header, dataset.plan))
    write_files(job, "data/{split}-{number:05}.parquet", write)


def schema(header: Header, plan: Plan) -> pa.Schema:
    """The columns: pictures first, then those of the plan, where ``bg`` and ``fg`` are ids."""
    pictures = list(endings(header))
    fields = [pa.field(name, _PICTURE) for name in pictures]
    for field in plan.table.schema:
        if field.name not in _LEFT_OUT:
            words = pa.types.is_dictionary(field.type)
            kind = field.type.value_type if words else field.type
            fields.append(pa.field(RENAMED.get(field.name, field.name), kind))
    features = {"info": {"features": {name: {"_type": "Image"} for name in pictures}}}
    return pa.schema(fields, metadata={"huggingface": json.dumps(features)})


def write_file(output: OutputFile, schema: pa.Schema) -> int:
    """Publish one Parquet file; gives its number of samples."""
    pictures = endings(output.header)
    plain = [field.name for field in schema if not pa.types.is_nested(field.type)]
    # Samples that follow each other often share their background: a dictionary stores it once.
    options = {"use_dictionary": ["bg.bytes", *plain], "write_statistics": plain}
    count, rows = 0, []
    with (
        publishing(output.path) as temporary,
        pq.ParquetWriter(temporary, schema, **options) as file,
    ):
        for shard, record in samples_of(output):
            rows.append(_row(shard, record, output.header, pictures))
            count += 1
            if len(rows) == ROWS_PER_GROUP:
                file.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        if rows:
            file.write_table(pa.Table.from_pylist(rows, schema))
    return count


def _row(
    shard: ShardReader, record: Record, header: Header, pictures: dict[FileStream, str]
) -> dict[str, Any]:
    name = safe_name(record.key)
    fields = {RENAMED.get(column, column): value for column, value in flat(record).items()}
    files = {
        stream: {
            # A background's name is its own, so that equal cells stay equal.
            "path": f"{safe_name(record.bg) if stream == 'bg' else name}.{ending}",
            "bytes": shard.file(stream, record, header.size),
        }
        for stream, ending in pictures.items()
    }
    return fields | files
