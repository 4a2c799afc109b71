"""What every shard format offers, and the one place that chooses between them.

A shard is immutable: a stage that adds a stream writes a new file and renames it over the old one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from data_manifest import folder_shard, h5_reader, h5_writer, zip_shard
from data_manifest.digests import file_sha256, note_digest
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.header import SHARD_ENDINGS, DepthStage, Header
from data_manifest.publish import publishing
from data_manifest.record import (
    EncodedSample,
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    StoredDepth,
    Stream,
)
from data_manifest.shard_label import ShardLabel


class ShardReader(Protocol):
    """Reads single samples of one shard; belongs to one process."""

    label: ShardLabel

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8, of a dataset that has them."""

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where no teacher has run."""

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture: a file, or with the raw codec a plain array."""

    def close(self) -> None:
        """Let go of the file."""


class ShardWriter(Protocol):
    """Takes the samples of one shard, in the order of their rows."""

    def add_background(self, bg: str, data: bytes | Picture) -> None:
        """Add a distinct background, before the first sample that uses it."""

    def add(self, sample: EncodedSample) -> None:
        """Add the next sample."""

    def close(self) -> None:
        """Write what is left and complete the file."""

    def abandon(self) -> None:
        """Let go of a file that won't be completed; never raises."""


def open_shard(path: Path) -> ShardReader:
    """Open a shard of any format. Raises DatasetError where it is missing, damaged or foreign."""
    match path.suffix:
        case ".h5":
            return h5_reader.H5Reader(path)
        case ".zip":
            return zip_shard.ZipReader(path)
        case ".parquet":
            return folder_shard.FolderReader(path)
    raise DatasetError(
        f"{path} is not a shard: its name must end with {', '.join(SHARD_ENDINGS.values())}."
    )


@contextmanager
def create_shard(
    path: Path, header: Header, samples: int, backgrounds: int
) -> Iterator[ShardWriter]:
    """Write a shard of the header's format, for so many samples and distinct backgrounds.

    It is complete when the block ends well, and abandoned when it doesn't.
    """
    label = ShardLabel(fingerprint=header.fingerprint, samples=samples)
    writer: ShardWriter
    if header.format == "zip":
        writer = zip_shard.ZipWriter(path, label)
    elif header.format == "folder":
        writer = folder_shard.FolderWriter(path, label, header.size)
    else:
        raw_size = header.size if header.codec == "raw" else None
        writer = h5_writer.H5Writer(path, label, backgrounds, raw_size, maps=header.maps)
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.abandon()
        raise


def read_label(path: Path) -> ShardLabel:
    """What a shard says of itself. Raises DatasetError where it can't be read."""
    reader = open_shard(path)
    reader.close()
    return reader.label


def check_shard(path: Path, fingerprint: str, samples: int) -> None:
    """Check that ``path`` is a whole shard of this recipe with so many samples.

    Raises RecipeError where it is of another recipe, DatasetError where it is anything else.
    """
    found = read_label(path)
    if found.fingerprint != fingerprint:
        raise RecipeError(
            f"{path} belongs to another recipe ({found.fingerprint[:12]}, not {fingerprint[:12]}); "
            "choose another --out, or give --overwrite to draw it again."
        )
    if found.samples != samples:
        raise DatasetError(f"{path} holds {found.samples} samples, but the plan says {samples}.")


def add_depth(
    path: Path, stage: DepthStage, records: Iterable[Record], depths: Iterable[StoredDepth]
) -> str:
    """Replace a shard by one that has depth too, note its digest and give it.

    ``depths`` come in the order of ``records``.
    Raises WriteError, and whatever ``depths`` raises; the shard is then as it was.
    """
    append = {
        ".h5": h5_writer.append_depth,
        ".zip": zip_shard.append_depth,
        ".parquet": folder_shard.append_depth,
    }[path.suffix]

    sha256 = ""

    def check(temporary: Path) -> None:
        nonlocal sha256
        read_label(temporary)
        sha256 = file_sha256(temporary)
        note_digest(path.parent, path.name, sha256)

    with publishing(path, check) as temporary:
        append(path, temporary, stage, zip(records, depths, strict=True))
    return sha256
