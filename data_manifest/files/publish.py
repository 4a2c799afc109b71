"""Atomic publishing: a file is either whole under its name, or not there."""

import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from data_manifest.errors import DatasetError, UsageError, WriteError

_TEMPORARY = ".tmp."
_MARKED_BYTES = 2**12
_LEFTOVER = re.compile(r"\.tmp\.\d+\.")
_OF_READING_TOO = (
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.EISDIR,
    errno.ENOTDIR,
)
"""Errors that reading a file gives as well, so that the file that they name must be looked at."""
_CAUSES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again to finish",
    errno.EDQUOT: "your disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file would be larger than this system allows; use a smaller --shard-size",
    errno.EACCES: "you may not write there; choose another --out or change its permissions",
    errno.EPERM: "you may not write there; choose another --out or change its permissions",
    errno.EROFS: "it is on a read-only file system; choose another --out",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter --out, or shorter names",
    errno.EISDIR: "it is a folder; choose another --out",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another --out",
    errno.EEXIST: "a file of that name is in the way; choose another --out",
}


def write_error(path: Path, error: OSError | RuntimeError) -> WriteError | None:
    """The sentence for ``error`` while writing ``path``; None if it isn't about writing.

    HDF5 reports the system's error number only inside its text.
    """
    number = getattr(error, "errno", None)
    if number in _OF_READING_TOO and not _is_written(getattr(error, "filename", None), path):
        return None
    for known, cause in _CAUSES.items():
        if number == known or f"errno = {known}," in str(error):
            return WriteError(f"{path} can't be written: {cause}.")
    return None


def _is_written(named: object, path: Path) -> bool:
    """Whether an error that names a file, or none, is about ``path`` or what is made for it."""
    if not isinstance(named, str):
        return True
    other = Path(named)
    return path in (other, *other.parents) or (
        other.parent == path.parent and other.name.startswith(_TEMPORARY)
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors about writing ``path`` into a WriteError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise (write_error(path, error) or error) from error


@contextmanager
def publishing(
    path: Path, check: Callable[[Path], object] | None = None, *, sync: bool = True
) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; when the block ends well, put it in place.

    The temporary file is synced, read back by ``check`` and then renamed over ``path``. Whatever
    goes wrong before the rename leaves ``path`` as it was and no temporary file behind. Without
    ``sync`` a power cut may leave an empty file: for small files that something else vouches for.

    Raises WriteError where the disk is full or the folder can't be written.
    """
    temporary = _temporary(path)
    with writing(path):
        try:
            yield temporary
            if sync:
                _sync(temporary)
            if check:
                check(temporary)
            temporary.replace(path)
            if sync:
                _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def need_room(path: Path, size: int) -> None:
    """Raises OSError where a file of ``size`` bytes wouldn't fit beside ``path``.

    For HDF5, which can't recover from a write that fails: its file can be neither closed nor left.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    trial = _temporary(path.with_name("room"))
    try:
        with trial.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    finally:
        trial.unlink(missing_ok=True)


def may_write(path: Path, *, overwrite: bool, mark: str = "") -> None:
    """Raises UsageError where ``path`` is there and may not be replaced, or isn't a file.

    A file that has ``mark`` near its beginning was made by the same command of the same data.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file that can be replaced; choose another --out.")
    if path.exists() and not overwrite and not (mark and _is_marked(path, mark)):
        raise UsageError(f"{path} exists; choose another --out, or give --overwrite to replace it.")


def _is_marked(path: Path, mark: str) -> bool:
    with path.open("rb") as file:
        return mark.encode() in file.read(_MARKED_BYTES)


def refuse_link(path: Path) -> None:
    """Raises DatasetError where a file that is to be added to is a link, and so somebody else's."""
    if path.is_symlink():
        raise DatasetError(f"{path} is a link, which isn't followed; remove it and run again.")


def publish_text(path: Path, text: str) -> None:
    """Publish ``text`` as a UTF-8 file."""
    with publishing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def publish_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Publish rows as JSON, a line each."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    publish_text(path, "".join(lines))


def publish_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Publish many small files of one folder, (name, content): all are synced, then all renamed.

    Much faster than one by one, as the disk is waited for once.
    """
    pairs: list[tuple[Path, Path]] = []
    with writing(folder):
        try:
            for name, content in files:
                pairs.append((_temporary(folder / name), folder / name))
                pairs[-1][0].write_bytes(content)
            for temporary, _ in pairs:
                _sync(temporary)
            for temporary, path in pairs:
                temporary.replace(path)
            _sync(folder)
        finally:
            for temporary, _ in pairs:
                temporary.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and its parents; raises WriteError where that can't be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(path, error) or WriteError(
            f"{path} can't be made: {error.strerror}; choose another --out."
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed run left half-written in ``folder``; call it only under its lock."""
    with writing(folder):
        for leftover in folder.glob(f"{_TEMPORARY}*"):
            if _LEFTOVER.match(leftover.name):
                leftover.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_TEMPORARY}{os.getpid()}.{path.name}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
