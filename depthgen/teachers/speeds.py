"""How fast teachers were on this machine, as far as they have been at work here."""

import contextlib
import json

from data_manifest.errors import WriteError
from data_manifest.files.publish import make_folder, publish_text
from data_manifest.weights.pinned import cache_folder

_FILE = "speeds.json"


def note_speed(teacher: str, engine: str, seconds: float) -> None:
    """Note that ``teacher`` took so many seconds a picture; where that can't be, nothing is."""
    known = read_speeds() | {teacher: (seconds, engine)}
    with contextlib.suppress(WriteError, OSError):
        make_folder(cache_folder())
        publish_text(cache_folder() / _FILE, json.dumps(known, indent=2) + "\n")


def read_speeds() -> dict[str, tuple[float, str]]:
    """Seconds a picture and the engine that took them, by teacher."""
    try:
        found = json.loads((cache_folder() / _FILE).read_text(encoding="utf-8"))
        return {name: (float(seconds), str(engine)) for name, (seconds, engine) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
