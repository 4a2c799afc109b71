"""Shards: what every format offers, and the one table that chooses between them.

A shard is immutable: a stage that adds a stream writes a new file and renames it over the old one.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from data_manifest.depth_stage import DepthStage
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.files.publish import publishing
from data_manifest.header import SHARD_ENDINGS, Header, ShardFormat
from data_manifest.record import (
    EncodedSample,
    Grounds,
    MapStream,
    Mask,
    Picture,
    PictureStream,
    Record,
    Size,
    StoredDepth,
    Stream,
)
from data_manifest.shards.digests import file_sha256, note_digest
from data_manifest.shards.folder import writer as folder_writer
from data_manifest.shards.folder.reader import FolderReader
from data_manifest.shards.h5 import depth as h5_depth
from data_manifest.shards.h5 import writer as h5_writer
from data_manifest.shards.h5.reader import H5Reader
from data_manifest.shards.label import ShardLabel
from data_manifest.shards.picture_files import FileStream
from data_manifest.shards.zipped import writer as zip_writer
from data_manifest.shards.zipped.reader import ZipReader


class ShardReader(Protocol):
    """Reads single samples of one shard, in any thread of one process.

    Its file is closed when nobody holds it any more, if not before.
    """

    label: ShardLabel

    def picture(self, stream: PictureStream, record: Record) -> Picture:
        """The decoded picture, (H, W, 3) uint8 RGB."""

    def mask(self, record: Record) -> Mask:
        """The mask, (H, W) bool."""

    def map(self, stream: MapStream, record: Record) -> Picture:
        """The instance or amodal map, (H, W) uint8, of a dataset that has them."""

    def depth(self, record: Record) -> StoredDepth | None:
        """Depth as stored, (H, W) uint16; None where no teacher has run."""

    def ground_depth(self, record: Record) -> StoredDepth | None:
        """The background's depth as stored, (H, W) uint16; None where depth is stored whole."""

    def depth_within(self, record: Record) -> StoredDepth | None:
        """Depth as stored within the mask, (k,) uint16, row by row; elsewhere it is the
        background's. None where depth is stored whole."""

    def encoded(self, stream: Stream, record: Record) -> bytes:
        """The stored bytes of one picture: a file, or with the raw codec a plain array."""

    def file(
        self, stream: FileStream, record: Record, size: Size, quality: int | None = None
    ) -> bytes:
        """One picture of ``size`` as a file: bg and fg_bg JPEG, all others grey PNG.

        Masks have one bit, maps eight, depth sixteen, as stored. What is such a file is copied; of
        a user's own files, which may be anything, that which isn't is encoded anew; plain arrays
        become PNG, or JPEG where ``quality`` says which. Raises DatasetError where there is no such
        picture, or what is stored is none.
        """

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


class Format(NamedTuple):
    """A format of shards: what reads one, makes a writer of one, and adds depth to one.

    ``write`` takes the path, the label, the header and the number of distinct backgrounds;
    ``append_depth`` the shard, the file to write, what the depth is, depths by record, and those of
    backgrounds where samples differ from them within their masks only.
    """

    read: Callable[[Path], ShardReader]
    write: Callable[[Path, ShardLabel, Header, int], ShardWriter]
    append_depth: Callable[
        [Path, Path, DepthStage, Iterable[tuple[Record, StoredDepth]], Grounds | None], None
    ]


FORMATS: dict[ShardFormat, Format] = {
    "h5": Format(H5Reader, h5_writer.create, h5_depth.append_depth),
    "zip": Format(ZipReader, zip_writer.create, zip_writer.append_depth),
    "folder": Format(FolderReader, folder_writer.create, folder_writer.append_depth),
}


def _format(path: Path) -> Format:
    for name, ending in SHARD_ENDINGS.items():
        if path.suffix == ending:
            return FORMATS[name]
    raise DatasetError(
        f"{path} is not a shard: its name must end with {', '.join(SHARD_ENDINGS.values())}."
    )


def open_shard(path: Path) -> ShardReader:
    """Open a shard of any format. Raises DatasetError where it is missing, damaged or foreign."""
    return _format(path).read(path)


@contextmanager
def create_shard(
    path: Path, header: Header, samples: int, backgrounds: int
) -> Iterator[ShardWriter]:
    """Write a shard of the header's format, for so many samples and distinct backgrounds.

    It is complete when the block ends well, and abandoned when it doesn't.
    """
    label = ShardLabel(fingerprint=header.fingerprint, samples=samples)
    writer = FORMATS[header.format].write(path, label, header, backgrounds)
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
    path: Path,
    stage: DepthStage,
    records: Iterable[Record],
    depths: Iterable[StoredDepth],
    grounds: Grounds | None = None,
) -> str:
    """Replace a shard by one that has depth too, note its digest and give it.

    ``depths`` come in the order of ``records``. With ``grounds``, looked at after each of them, all
    are those of their backgrounds outside the masks, and may be stored so.
    Raises WriteError, and whatever ``depths`` raises; the shard is then as it was.
    """
    sha256 = ""

    def check(temporary: Path) -> None:
        nonlocal sha256
        read_label(temporary)
        sha256 = file_sha256(temporary)
        note_digest(path.parent, path.name, sha256)

    with publishing(path, check) as temporary:
        labelled = zip(records, depths, strict=True)
        _format(path).append_depth(path, temporary, stage, labelled, grounds)
    return sha256
