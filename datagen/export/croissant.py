"""croissant.json of an export: Croissant 1.0 metadata, the vocabulary of ML datasets.

http://mlcommons.org/croissant/1.0, checked by ``mlcroissant validate``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from data_manifest.commands.parallel import each
from data_manifest.files.publish import publish_text
from data_manifest.shards.digests import file_sha256
from datagen.export.card import dataset_name, description
from datagen.export.fields import Field
from datagen.export.label import CROISSANT_FILE
from datagen.export.selection import Selection

MIME_TYPES = {
    ".h5": "application/x-hdf5",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".parquet": "application/x-parquet",
    ".png": "image/png",
    ".tar": "application/x-tar",
    ".zip": "application/zip",
}
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}


class Described(NamedTuple):
    """The distribution and the record sets of an export, as JSON-LD."""

    distribution: list[dict[str, Any]]
    record_sets: list[dict[str, Any]]


def write_croissant(out: Path, selection: Selection, described: Described) -> None:
    """Publish croissant.json in the folder of an export of any format."""
    metadata = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": dataset_name(selection),
        "description": description(selection),
        "version": "1.0.0",
        "distribution": described.distribution,
        "recordSet": described.record_sets,
    }
    publish_text(out / CROISSANT_FILE, json.dumps(metadata, indent=2) + "\n")


def file_objects(out: Path, pattern: str, workers: int = 1) -> list[dict[str, Any]]:
    """A FileObject with SHA-256 for every file of ``out`` that matches, in the order of names."""
    paths = sorted(out.glob(pattern))
    digests = dict(each(_digest, paths, workers))
    return [
        {
            "@type": "cr:FileObject",
            "@id": path.relative_to(out).as_posix(),
            "name": path.name,
            "contentUrl": path.relative_to(out).as_posix(),
            "contentSize": f"{path.stat().st_size} B",
            "encodingFormat": MIME_TYPES[path.suffix],
            "sha256": digests[path],
        }
        for path in paths
    ]


def damaged_files(out: Path) -> list[Path]:
    """Files of a finished export that aren't what its croissant.json says any more."""
    try:
        listed = json.loads((out / CROISSANT_FILE).read_text(encoding="utf-8"))["distribution"]
        known = {item["contentUrl"]: item["sha256"] for item in listed if "sha256" in item}
    except (OSError, ValueError, LookupError, TypeError):
        return []
    paths = {out / name: sha256 for name, sha256 in known.items() if (out / name).is_file()}
    return [path for path, sha256 in paths.items() if file_sha256(path) != sha256]


def file_set(
    name: str, includes: str, within: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A FileSet of the files that match ``includes``, within archives or else in the folder."""
    found: dict[str, Any] = {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "encodingFormat": MIME_TYPES[Path(includes).suffix],
        "includes": includes,
    }
    if within:
        found["containedIn"] = [{"@id": item["@id"]} for item in within]
    return found


def record_set(name: str, text: str, fields: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A RecordSet; the ids of its fields start with its name."""
    listed = [{**item, "@id": f"{name}/{item['name']}"} for item in fields]
    return {
        "@type": "cr:RecordSet", "@id": name, "name": name, "description": text, "field": listed
    }  # fmt: skip


def field(name: str, meaning: Field, source: dict[str, Any]) -> dict[str, Any]:
    """A Field whose values come from ``source``."""
    return {
        "@type": "cr:Field",
        "name": name,
        "description": meaning.text,
        "dataType": meaning.kind,
        "source": source,
    }


def _digest(path: Path) -> tuple[Path, str]:
    return path, file_sha256(path)
