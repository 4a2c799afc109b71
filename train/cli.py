"""The ``train`` command: shards to a student. Torch is imported only by what needs it."""

import click

from data_manifest.commands.group import Group, command
from train.config.find_lr import FindLrConfig
from train.config.fit import FitConfig
from train.config.models import ModelsConfig
from train.config.shipping import CompareConfig, ExportConfig, PruneConfig, QuantizeConfig
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

    It saves every minute. Running the same command again goes on where it was saved last;
    --resume does so without the other options.

    \b
    Example:
      train fit --shards data/*.h5
      train fit --shards data --size 96 --epochs 5 --out runs/small
      train fit --out runs/small --resume
    """
    from train.fit import fit

    return fit(config)


@command(main, FindLrConfig, argument="shards", many=True, shipped=PRESETS)
def find_lr(config: FindLrConfig) -> str:
    """Try rising learning rates for a few steps, draw the losses, and suggest one.

    \b
    Example:
      train find-lr --shards data/*.h5
      train find-lr --shards data --model mdeas --size 96 --out mdeas-lr.png
    """
    from train.find_lr import find_lr

    return find_lr(config)


@command(main, EvaluateConfig, argument="run")
def evaluate(config: EvaluateConfig) -> str:
    """Judge a run's student on val, val_bg and val_fg, beside its teacher and two baselines.

    The teacher, FastDepth, is asked about composites alone, where it made the labels and its
    weights are here; the baselines look at no picture. Also says on which backgrounds, foregrounds
    and sizes of masks the student is weakest. Writes evaluation.json, evaluation.parquet, a row a
    sample, and worst.png into the run's folder.

    \b
    Example:
      train evaluate
      train evaluate runs/small --checkpoint last --worst 24
      train evaluate runs/small --shards other/ --legacy
    """
    from train.evaluate import evaluate

    return evaluate(config)


@command(main, PredictConfig)
def predict(config: PredictConfig) -> str:
    """Predict mask and depth of pictures, of a video, or of a dataset's samples.

    \b
    Writes into --out, for each picture:
      KEY.mask.png           1 bit
      KEY.depth.png          16 bits, as labels are stored: metres in millimetres
      KEY.depth-colours.png  near is warm
      KEY.cutout.png         transparent outside the mask
      KEY.panel.png          side by side; panel.png shows up to 24 of them
    For a video: CLIP.mask.mp4, CLIP.cutout.mp4 on green, CLIP.depth.mp4, CLIP.panel.mp4.

    \b
    Example:
      train predict --fg-bg photo.jpg --bg empty-scene.jpg
      train predict --fg-bg frames/ --bg empty-scene.jpg --out predictions
      train predict --fg-bg clip.mp4 --bg empty-scene.jpg --run runs/small
      train predict --fg-bg large.jpg --bg large-empty.jpg --tiles
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


@command(main, PruneConfig, argument="run")
def prune(config: PruneConfig) -> str:
    """Set the smallest convolution weights of a run to zero, and say what that costs.

    Writes pruned.pt into the run's folder.

    \b
    Example:
      train prune
      train prune runs/small --amount 0.4
    """
    from train.prune import prune

    return prune(config)


@command(main, QuantizeConfig, argument="run")
def quantize(config: QuantizeConfig) -> str:
    """Bring a run's model.onnx into eight bits; kept only where that is faster on this machine.

    Needs what `train export` writes. Writes model.int8.onnx into the run's folder.

    \b
    Example:
      train quantize
      train quantize runs/small --samples 128 --keep
    """
    from train.quantize import quantize

    return quantize(config)


@command(main, ExportConfig, argument="run")
def export(config: ExportConfig) -> str:
    """Write a run's student as ONNX, or for OpenVINO, and check that it answers as in torch.

    It takes bg and fg_bg, (batch, 3, height, width) RGB in [0, 1], and gives mask, a probability,
    and depth in its unit. Its metadata say what it is.

    \b
    Example:
      train export
      train export runs/small --size 224 --out small.onnx
      train export runs/small --to openvino
    """
    from train.export import export

    return export(config)


@command(main, CompareConfig, argument="run")
def compare(config: CompareConfig) -> str:
    """Measure every form of a student that lies in a run's folder: size, speed here, errors.

    \b
    Example:
      train compare
      train compare runs/small --limit 200 --threads 1
    """
    from train.compare import compare

    return compare(config)
