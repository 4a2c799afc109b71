"""A sample's pictures as files of an export: which there are, and what they are called."""

from data_manifest.header import Header
from data_manifest.record import MAP_STREAMS
from data_manifest.shards.picture_files import FileStream

_UNSAFE = {character: f"%{ord(character):02X}" for character in "%./\\:\0"}


def endings(header: Header) -> dict[FileStream, str]:
    """The pictures that every sample of a dataset has, and the ending of each one's file."""
    colour = "jpg" if header.codec == "jpeg" else "png"
    found: dict[FileStream, str] = {"bg": colour, "fg_bg": colour, "mask": "png"}
    if header.stages.depth:
        found["depth"] = "png"
    return found | (dict.fromkeys(MAP_STREAMS, "png") if header.maps else {})


def safe_name(key: str) -> str:
    """A sample's key as a file name without dots and slashes; different keys stay different.

    Percent-encoded as in URLs, so that ``urllib.parse.unquote`` gives the key back.
    """
    return "".join(_UNSAFE.get(character, character) for character in key)
