"""``train quantize``: a student in eight bits, kept where that is faster on this machine."""

import tempfile
from pathlib import Path

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.files.publish import may_write, publishing
from data_manifest.record import Size
from train.config.shipping import QuantizeConfig
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.running.checkpoint import Checkpoint
from train.shipping.about import is_stale, mark_of
from train.shipping.eight_bits import to_eight_bits
from train.shipping.graph import EIGHT_BITS, ONNX, read_graph, size_of, words_of
from train.shipping.judging_samples import Judging, dataset_of, judging_samples
from train.shipping.latency import cores, latencies
from train.shipping.openvino_model import has_openvino, in_openvino
from train.shipping.variants import Pair, Variant, in_onnxruntime, pictures_of
from train.shipping.worth import cost, worth

WORTH_IT = 1.05
"""How much faster than float32 eight bits must be, each in its fastest engine."""


def quantize(config: QuantizeConfig) -> str:
    """Write model.int8.onnx into the run's folder where it is worth it; gives the figures.

    Raises UsageError where there is no model.onnx of the run's weights, or something else is called
    model.int8.onnx; DatasetError where there is nothing to calibrate or to measure on.
    """
    source, out = config.run / ONNX, config.run / EIGHT_BITS
    model = read_graph(source)
    words = words_of(model)
    if is_stale(words, config.run):
        raise UsageError(
            f"{source} was made of other weights than {words['checkpoint']} has now; run "
            f"`train export {config.run}` again first."
        )
    may_write(out, overwrite=config.overwrite, mark=mark_of(words))
    encoding = Checkpoint.read(config.run / Path(words["checkpoint"]).name).network.encoding
    dataset = dataset_of(config.run, config.shards)
    judging = judging_samples(dataset, encoding, config.limit)
    content = to_eight_bits(model, _calibration(dataset, config.samples, size_of(model)))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / EIGHT_BITS
        made.write_bytes(content)
        floats, eights = (_in_engines(file, config.threads or cores()) for file in (source, made))
        times = latencies([*floats, *eights])
        said = _figures(floats, eights, times, judging)
    wins = min(times[: len(floats)]) >= WORTH_IT * min(times[len(floats) :])
    if not (wins or config.keep):
        return f"not kept, as it isn't faster here (--keep keeps it): {said}"
    with publishing(out) as temporary:
        temporary.write_bytes(content)
    return f"{out}: {said}" if wins else f"{out}, though it isn't faster here: {said}"


def _calibration(dataset: Dataset, count: int, size: Size) -> list[Pair]:
    """Single training samples. Raises DatasetError where there are none."""
    samples = Samples(dataset.select("train"), count)
    if not len(samples):
        raise DatasetError(
            f"{dataset.folder}: these shards hold no sample of the split train to calibrate on."
        )
    draws = as_stored(np.arange(len(samples)), 1, size)
    return [pictures_of(batch) for batch in Loader(samples, 0).batches(draws)]


def _in_engines(file: Path, threads: int) -> list[Variant]:
    """A file in every engine that is installed."""
    openvino = [in_openvino(file, threads)] if has_openvino() else []
    return [in_onnxruntime(file, threads), *openvino]


def _figures(
    floats: list[Variant], eights: list[Variant], times: list[float], judging: Judging
) -> str:
    """Size, speed in each engine and errors, of float32 and of eight bits, in one line."""
    speeds = ", ".join(
        f"{after:.1f} ms a pair instead of {before:.1f} in {variant.engine}"
        for variant, before, after in zip(floats, times, times[len(floats) :], strict=False)
    )
    sizes = " instead of ".join(f"{part[0].file_bytes / 1e6:.1f}" for part in (eights, floats))
    worths = [worth(part[0], judging) for part in (floats, eights)]
    return f"{sizes} MB; {speeds}; {cost(judging, *worths)}"
