"""COCO: images in folders, and instances as JSON that pycocotools and most detectors read.

One annotation per labelled foreground that is seen. An image's id is its sample's index, an
annotation's id the sample's index * 8 + the foreground's number in the sample, from 1: pycocotools
takes id 0 for no annotation.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from data_manifest.files.publish import make_folder, publish_files, publishing
from data_manifest.header import Header, Source
from data_manifest.record import MOST_OBJECTS, Mask, Record
from data_manifest.shards import ShardReader
from datagen.export.output_files import ExportJob, OutputFile, samples_of, write_files
from datagen.export.pictures import endings, safe_name
from datagen.export.rle import bounding_box, run_lengths

NO_CATEGORY = "foreground"


def write_coco(job: ExportJob) -> None:
    """Write ``images/SPLIT/KEY.jpg`` and ``annotations/instances_SPLIT.json``.

    Each part of a split publishes its images, then a piece of the annotations; when all pieces are
    there they are joined.
    """
    categories = category_ids(job.selection.dataset.header.foregrounds)
    annotations = job.out / "annotations"
    make_folder(annotations)
    pending = [s for s in job.selection.rows if not _instances(annotations, s).exists()]
    for split in pending:
        make_folder(job.out / "images" / split)
    write = partial(write_part, categories=categories)
    write_files(job, "annotations/{split}-{number:05}.part.json", write, pending)
    for split in pending:
        with publishing(_instances(annotations, split)) as temporary:
            pieces = sorted(annotations.glob(f"{split}-*.part.json"))
            _join(temporary, pieces, categories)
    for piece in annotations.glob("*.part.json"):
        piece.unlink()


def _instances(annotations: Path, split: str) -> Path:
    return annotations / f"instances_{split}.json"


def category(fg: str) -> str:
    """A foreground's category: the top-level folder of its id."""
    return fg.split("/")[0] if "/" in fg else NO_CATEGORY


def category_ids(foregrounds: Sequence[Source]) -> dict[str, int]:
    """Ids from 1, in the order of the names, of all categories that the dataset has."""
    names = sorted({category(source.id) for source in foregrounds})
    return {name: number for number, name in enumerate(names, 1)}


def write_part(output: OutputFile, categories: dict[str, int]) -> int:
    """Publish the images of a part, then its images and annotations as two lines of JSON values."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    ending = endings(output.header)["fg_bg"]

    def files() -> Iterator[tuple[str, bytes]]:
        for shard, record in samples_of(output):
            name = f"{safe_name(record.key)}.{ending}"
            image = {"id": record.index, "file_name": name, **output.header.size._asdict()}
            images.append(image)
            annotations.extend(annotate(shard, record, output.header, categories))
            yield name, shard.file("fg_bg", record, output.header.size)

    publish_files(output.path.parent.parent / "images" / output.split, files())
    with publishing(output.path) as temporary:
        temporary.write_text(f"{_values(images)}\n{_values(annotations)}\n", encoding="utf-8")
    return len(images)


def annotate(
    shard: ShardReader, record: Record, header: Header, categories: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """An annotation per labelled foreground of which a pixel is seen."""
    labelled = [placement for placement in record.placements if placement.labelled]
    for number, (placement, (mask, whole)) in enumerate(
        zip(labelled, _masks(shard, record, header, len(labelled)), strict=True), 1
    ):
        area = int(np.count_nonzero(mask))
        if area:
            yield {
                "id": record.index * MOST_OBJECTS + number,
                "image_id": record.index,
                "category_id": categories[category(placement.fg)],
                "segmentation": run_lengths(mask),
                "area": area,
                "bbox": bounding_box(mask),
                "iscrowd": 0,
                "attributes": {
                    "fg": placement.fg,
                    "bg": record.bg,
                    "key": record.key,
                    "visible_share": round(area / whole, 4),
                },
            }


def _masks(
    shard: ShardReader, record: Record, header: Header, labelled: int
) -> Iterator[tuple[Mask, int]]:
    """Each labelled foreground's visible mask, (H, W) bool, and its pixels if nothing hid it."""
    if not header.maps:
        mask = shard.mask(record)
        yield mask, int(np.count_nonzero(mask))
        return
    instance, amodal = shard.map("instance", record), shard.map("amodal", record)
    for number in range(labelled):
        yield instance == number + 1, int(np.count_nonzero(amodal & (1 << number)))


def _values(items: list[dict[str, Any]]) -> str:
    """JSON values with commas between, without the brackets."""
    return json.dumps(items, separators=(",", ":"))[1:-1]


def _join(path: Path, pieces: list[Path], categories: dict[str, int]) -> None:
    """Join pieces into one COCO file, a piece in memory at a time."""
    head = {
        "info": {"description": "made by Diorama", "version": "1.0"},
        "licenses": [],
        "categories": [
            {"id": number, "name": name, "supercategory": ""} for name, number in categories.items()
        ],
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1])
        for line, name in enumerate(("images", "annotations")):
            file.write(f',\n"{name}": [')
            _copy_line(file, pieces, line)
            file.write("]")
        file.write("}\n")


def _copy_line(file: IO[str], pieces: list[Path], line: int) -> None:
    started = False
    for piece in pieces:
        values = piece.read_text(encoding="utf-8").split("\n")[line]
        if values:
            file.write(f"{',' if started else ''}\n{values}")
            started = True
