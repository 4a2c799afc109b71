"""What an export consists of, as Croissant's file objects, file sets and record sets."""

from collections.abc import Iterator
from typing import Any

from data_manifest.dataset import PLAN_FILE
from data_manifest.header import SHARD_ENDINGS
from datagen.export.croissant import Described, field, file_objects, file_set, record_set
from datagen.export.fields import Field, pictures, record_fields
from datagen.export.output_files import ExportJob
from datagen.export.parquet import RENAMED
from datagen.export.pictures import endings

_SAMPLES = "a row per sample"
_IMAGES = {
    "id": Field("sc:Integer", "number of the sample in the plan of the dataset"),
    "file_name": Field("sc:Text", "its file in the split's folder of images"),
    "width": Field("sc:Integer", "in pixels"),
    "height": Field("sc:Integer", "in pixels"),
}
_ANNOTATIONS = {
    "id": Field("sc:Integer", "unique over all splits"),
    "image_id": Field("sc:Integer", "id of the image"),
    "category_id": Field("sc:Integer", "id of the category"),
    "bbox": Field("cr:BoundingBox", "x, y, width and height in pixels"),
    "area": Field("sc:Integer", "visible pixels"),
    "attributes.key": Field("sc:Text", "name of the sample"),
    "attributes.fg": Field("sc:Text", "which foreground"),
    "attributes.bg": Field("sc:Text", "which background"),
    "attributes.visible_share": Field("sc:Float", "visible pixels / those within the frame"),
}


def describe_parquet(job: ExportJob) -> Described:
    """A file set of all tables, whose rows are the samples."""
    files = file_set("parquet-files", "data/*.parquet")
    source = {"fileSet": {"@id": files["@id"]}}

    def fields() -> Iterator[dict[str, Any]]:
        for name, meaning in pictures(job.selection.dataset.header).items():
            extract = {"extract": {"column": name}, "transform": {"jsonPath": "bytes"}}
            yield field(name, meaning, source | extract)
        for name, meaning in record_fields(job.selection.dataset.plan).items():
            column = RENAMED.get(name, name)
            yield field(column, meaning, source | {"extract": {"column": column}})

    tables = file_objects(job.out, "data/*-[0-9]*.parquet", job.workers)
    return Described([*tables, files], [record_set("samples", _SAMPLES, fields())])


def describe_webdataset(job: ExportJob) -> Described:
    """File sets within the tar files: each kind of picture, and the records, as whole files."""
    header, plan = job.selection.dataset.header, job.selection.dataset.plan
    tars = file_objects(job.out, "*-[0-9]*.tar", job.workers)
    members = {f"{stream}.{ending}": stream for stream, ending in endings(header).items()}
    record = Field("sc:Text", f"JSON with {', '.join(record_fields(plan))}")
    meanings = {**pictures(header), "record": record}
    sets, described = [], []
    for member, stream in {**members, "json": "record"}.items():
        files = file_set(f"{stream}-files", f"*.{member}", tars)
        source = {"fileSet": {"@id": files["@id"]}}
        name, content = (
            source | {"extract": {"fileProperty": part}} for part in ("filename", "content")
        )
        fields = (
            field("filename", Field("sc:Text", "KEY and its endings"), name),
            field(stream, meanings[stream], content),
        )
        sets.append(files)
        described.append(record_set(f"{stream}_files", f"{stream} of every sample", fields))
    return Described([*tars, *sets], described)


def describe_coco(job: ExportJob) -> Described:
    """Per split the annotation file, its images and its annotations."""
    ending = endings(job.selection.dataset.header)["fg_bg"]
    splits = job.selection.rows
    files = file_objects(job.out, "annotations/instances_*.json", job.workers)
    images = [file_set(f"images-{s}", f"images/{s}/*.{ending}") for s in splits]
    tables, sets = [], []
    for split in splits:
        for part, meanings in (("images", _IMAGES), ("annotations", _ANNOTATIONS)):
            # mlcroissant reads a resource into one table, so each list has one of its own.
            table = file_set(f"{split}-{part}-list", f"annotations/instances_{split}.json")
            source = {"fileSet": {"@id": table["@id"]}}
            fields = (
                field(name, meaning, source | {"extract": {"jsonPath": f"$.{part}[*].{name}"}})
                for name, meaning in meanings.items()
            )
            tables.append(table)
            sets.append(record_set(f"{split}_{part}", f"the {part} of {split}", fields))
    return Described([*files, *images, *tables], sets)


def describe_shards(job: ExportJob) -> Described:
    """The dataset's own files, and its plan as a record set."""
    shards = [item for e in SHARD_ENDINGS.values() for item in file_objects(job.out, f"[0-9]*{e}")]
    plan = file_objects(job.out, PLAN_FILE)
    source = {"fileObject": {"@id": PLAN_FILE}}
    fields = (
        field(name, meaning, source | {"extract": {"column": name}})
        for name, meaning in record_fields(job.selection.dataset.plan).items()
    )
    return Described([*plan, *shards], [record_set("samples", _SAMPLES, fields)])
