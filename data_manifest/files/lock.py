"""One writer at a time for a folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from data_manifest.errors import DatasetError
from data_manifest.files.publish import refuse_link, writing

LOCK_FILE = ".lock"
PATIENCE = 3.0  # seconds; a killed run's last worker may still be starting, and holds the lock


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when the process ends, however it ends.

    Raises DatasetError where another process holds it.
    """
    refuse_link(folder / LOCK_FILE)
    with writing(folder):
        handle = (folder / LOCK_FILE).open("a")
    with handle:
        until = time.monotonic() + PATIENCE
        while not _taken(handle):
            if time.monotonic() > until:
                raise DatasetError(
                    f"Another run is writing to {folder}; wait until it ends, or choose another "
                    "--out."
                )
            time.sleep(0.1)
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
