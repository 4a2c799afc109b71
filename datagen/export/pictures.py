"""A sample's pictures as files: copied where the shard holds files, encoded losslessly else."""

import numpy as np

from data_manifest.codec import encode_depth, encode_map, encode_mask, encode_png
from data_manifest.errors import DatasetError
from data_manifest.header import Header
from data_manifest.record import Record
from data_manifest.shard import ShardReader

_UNSAFE = {character: f"%{ord(character):02X}" for character in "%./\\:\0"}


def endings(header: Header) -> dict[str, str]:
    """The pictures that every sample of a dataset has, and the ending of each one's file."""
    colour = "jpg" if header.codec == "jpeg" else "png"
    found = {"bg": colour, "fg_bg": colour, "mask": "png"}
    if header.stages.depth:
        found["depth"] = "png"
    return found | (dict.fromkeys(("instance", "amodal"), "png") if header.maps else {})


def picture_file(shard: ShardReader, record: Record, stream: str, header: Header) -> bytes:
    """One picture of a sample as a file.

    Masks are 1-bit PNG, depth is 16-bit PNG as stored, maps are 8-bit PNG. Raises DatasetError
    where the shard doesn't have it.
    """
    match stream:
        case "depth":
            stored = shard.depth(record)
            if stored is None:
                raise DatasetError(f"{record.key} has no depth; run `depthgen run` again.")
            return encode_depth(stored)
        case "bg" | "fg_bg":
            if header.codec == "jpeg":
                return shard.encoded(stream, record)
            return encode_png(shard.picture(stream, record)[..., ::-1])
        case "mask":
            if header.codec == "jpeg":
                return shard.encoded(stream, record)
            return encode_mask(np.where(shard.mask(record), 255, 0).astype(np.uint8))
        case "instance" | "amodal":
            if header.codec == "jpeg":
                return shard.encoded(stream, record)
            return encode_map(shard.map(stream, record))
    raise ValueError(f"There is no picture {stream!r}.")


def safe_name(key: str) -> str:
    """A sample's key as a file name without dots and slashes; different keys stay different.

    Percent-encoded as in URLs, so that ``urllib.parse.unquote`` gives the key back.
    """
    return "".join(_UNSAFE.get(character, character) for character in key)
