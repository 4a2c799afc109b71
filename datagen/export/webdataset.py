"""WebDataset: tar files of samples that are read front to back, as the ``webdataset`` library does.

Members KEY.bg.jpg, KEY.fg_bg.jpg, KEY.mask.png, KEY.depth.png, KEY.instance.png, KEY.amodal.png
and KEY.json, the sample's record.
"""

import io
import json
import tarfile
from dataclasses import asdict
from typing import Any

from data_manifest.publish import publishing
from data_manifest.record import Record
from datagen.export.part import Job, Part, samples, write_parts
from datagen.export.pictures import endings, picture_file, safe_name


def write_webdataset(job: Job) -> None:
    """Write ``SPLIT-000000.tar`` and so on; files that are there are kept."""
    write_parts(job, "{split}-{number:06}.tar", write_tar)


def write_tar(part: Part) -> int:
    """Publish one tar file; gives its number of samples."""
    count = 0
    with publishing(part.path) as temporary, tarfile.open(temporary, "w") as file:
        for shard, record in samples(part):
            name = safe_name(record.key)
            for stream, ending in endings(part.header).items():
                data = picture_file(shard, record, stream, part.header)
                _add(file, f"{name}.{stream}.{ending}", data)
            _add(file, f"{name}.json", json.dumps(described(record)).encode())
            count += 1
    return count


def described(record: Record) -> dict[str, Any]:
    """A record as JSON values, without the place where it was stored."""
    values = asdict(record)
    del values["shard"], values["row"]
    return values


def _add(file: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its times and owners are 0, so that bytes don't depend on them
    member.size = len(data)
    file.addfile(member, io.BytesIO(data))
