"""WebDataset: tar files of samples that are read front to back, as the ``webdataset`` library does.

Members KEY.bg.jpg, KEY.fg_bg.jpg, KEY.mask.png, KEY.depth.png, KEY.instance.png, KEY.amodal.png
and KEY.json, the sample's record.
"""

import io
import json
import tarfile
from typing import Any

from data_manifest.files.publish import publishing
from data_manifest.plan_columns import flat
from data_manifest.record import Record
from datagen.export.output_files import ExportJob, OutputFile, samples_of, write_files
from datagen.export.pictures import endings, safe_name


def write_webdataset(job: ExportJob) -> None:
    """Write ``SPLIT-000000.tar`` and so on; files that are there are kept."""
    write_files(job, "{split}-{number:06}.tar", write_tar)


def write_tar(output: OutputFile) -> int:
    """Publish one tar file; gives its number of samples."""
    count = 0
    with publishing(output.path) as temporary, tarfile.open(temporary, "w") as file:
        for shard, record in samples_of(output):
            name = safe_name(record.key)
            for stream, ending in endings(output.header).items():
                data = shard.file(stream, record, output.header.size)
                _add(file, f"{name}.{stream}.{ending}", data)
            _add(file, f"{name}.json", json.dumps(described(record)).encode())
            count += 1
    return count


def described(record: Record) -> dict[str, Any]:
    """A record as JSON values, without the place where it was stored."""
    values = flat(record)
    del values["shard"], values["row"]
    return values


def _add(file: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its times and owners are 0, so that bytes don't depend on them
    member.size = len(data)
    file.addfile(member, io.BytesIO(data))
