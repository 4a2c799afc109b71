"""One writer at a time for a folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_manifest.errors import DatasetError
from data_manifest.publish import writing

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when the process ends, however it ends.

    Raises DatasetError where another process holds it.
    """
    with writing(folder):
        handle = (folder / LOCK_FILE).open("a")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatasetError(
                f"Another run is writing to {folder}; wait until it ends, or choose another --out."
            ) from None
        yield
