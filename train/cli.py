"""The ``train`` command: shards to a student. Torch is imported only by what needs it."""

import click

from data_manifest.commands.group import Group, command
from train.config.fit import FitConfig
from train.config.models import ModelsConfig
from train.config.trained import EvaluateConfig, PredictConfig
from train.presets import PRESETS


@click.group(cls=Group, extra="train")
@click.version_option(package_name="diorama")
def main() -> None:
    """Train a small network that predicts mask and depth from bg and fg_bg.

    \b
    Example:
      train fit --shards data/*.h5
      train evaluate
      train predict --shards data --split val --limit 24
    """


@command(main, FitConfig, argument="shards", many=True, shipped=PRESETS)
def fit(config: FitConfig) -> str:
    """Train a student on the training split; validation decides what is best.

    Every epoch ends in a checkpoint. Running the same command again goes on after the last one;
    --resume does so without the other options.

    \b
    Example:
      train fit --shards data/*.h5
      train fit --shards data --size 96 --epochs 5 --out runs/small
      train fit --out runs/small --resume
    """
    from train.fit import fit

    return fit(config)


@command(main, EvaluateConfig, argument="run")
def evaluate(config: EvaluateConfig) -> str:
    """Measure a run on val, val_bg and val_fg, beside baselines that don't look at the picture.

    \b
    Example:
      train evaluate
      train evaluate runs/small --checkpoint last
    """
    from train.evaluate import evaluate

    return evaluate(config)


@command(main, PredictConfig)
def predict(config: PredictConfig) -> str:
    """Predict mask and depth of pictures, or of a dataset's samples.

    Writes a mask PNG, a 16-bit depth PNG and a side-by-side panel for each, and one sheet of all.

    \b
    Example:
      train predict --fg-bg frames/ --bg empty-scene.jpg --out predictions
      train predict --shards data --split val --limit 24
    """
    from train.predict import predict

    return predict(config)


@command(main, ModelsConfig, argument="name")
def models(config: ModelsConfig) -> str:
    """List the students and the presets: parameters, multiplications, sides allowed.

    \b
    Example:
      train models
      train models timm:resnet18
    """
    from train.list_models import list_models

    return list_models(config)
