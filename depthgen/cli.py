"""The ``depthgen`` command: composites to depth. Torch is imported only by what needs it."""

import click

from data_manifest.commands.group import Group, command
from depthgen.config import EvaluateConfig, PullConfig, RunConfig, TeachersConfig


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
    Several processes (torchrun, accelerate launch) share the shards out.

    \b
    Example:
      depthgen run --batch 1000
      depthgen run other-data --labels layered
      depthgen run --teacher depth-anything-v2-small --device cuda
      depthgen run --teacher onnx:mine.onnx --kind metric --limits 0:20
    """
    from depthgen.run import run

    return run(config)


@command(main, EvaluateConfig, argument="data")
def evaluate(config: EvaluateConfig) -> str:
    """Judge a teacher by measured depth, kinds of labels by the same, or a dataset's labels.

    With --pairs, a teacher's answers to pictures whose depth was measured; with --labels too, what
    each kind of label makes of cut-outs pasted on them. With a dataset, numbers that say how far to
    trust each of its labels, beside its manifest.

    \b
    Example:
      depthgen evaluate --pairs rgbd/
      depthgen evaluate --pairs rgbd/ --labels --fg cutouts/ --out judged
      depthgen evaluate data
    """
    from depthgen.evaluate import evaluate

    return evaluate(config)


@command(main, PullConfig, argument="teacher")
def pull(config: PullConfig) -> str:
    """Fetch a teacher's weights into the cache, for later work without a network.

    \b
    Example:
      depthgen pull fastdepth
      depthgen pull hub:depth-anything/Depth-Anything-V2-Small-hf
    """
    from depthgen.teachers import pull

    where, sha256 = pull(config.teacher)
    return f"{config.teacher}: SHA-256 {sha256}, in {where}"


@command(main, TeachersConfig)
def teachers(_config: TeachersConfig) -> str:
    """List the teachers, with what their answers mean and how fast they were here.

    \b
    Example:
      depthgen teachers
    """
    from depthgen.list_teachers import list_teachers

    return list_teachers()
