"""``train export``: a student as a file that other programs run, checked against torch."""

import tempfile
from pathlib import Path

from data_manifest.commands.options import shown
from data_manifest.commands.remark import remark
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.files.publish import make_folder, may_write, publish_files
from data_manifest.record import Size
from train.config.shipping import ExportConfig
from train.config.sizes import wrong_sides
from train.models.names import described
from train.running.checkpoint import Checkpoint, Network
from train.shipping.about import about, mark_of
from train.shipping.graph import Shipped, shipped, to_onnx
from train.shipping.judging_samples import dataset_of
from train.shipping.latency import cores
from train.shipping.openvino_model import has_openvino, in_openvino, need_openvino, to_openvino
from train.shipping.parity import TOLERANCE, Parity, parity, real_pairs
from train.shipping.variants import in_onnxruntime, in_torch


def export(config: ExportConfig) -> str:
    """Write ``config.file``, and for OpenVINO the .bin beside it; gives what it is.

    Raises UsageError where there is no such run, or a file that isn't ours would be replaced;
    WeightsError where the file answers otherwise than the student. Then nothing is written.
    """
    if config.to == "openvino":
        need_openvino()
    source = config.run / f"{config.checkpoint}.pt"
    checkpoint = Checkpoint.read(source)
    size = _size(config, checkpoint.network)
    dataset = _dataset(config)
    its_own = dataset is not None and dataset.header.fingerprint == checkpoint.fingerprint
    words = about(checkpoint, source, size, dataset.header if dataset and its_own else None)
    _may_write(config, mark_of(words))
    student = shipped(checkpoint)
    content = to_onnx(student, size, words)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / config.file.name
        if config.to == "openvino":
            to_openvino(content, words, file)
        else:
            file.write_bytes(content)
        found = _parities(file, source, student, size, dataset)
        made = sorted(Path(folder).iterdir())  # the .xml last: it is what is looked for
        make_folder(config.file.parent)
        publish_files(config.file.parent, [(part.name, part.read_bytes()) for part in made])
    return _summary(config, checkpoint.network, size, found, dataset)


def _size(config: ExportConfig, network: Network) -> Size:
    size = config.size or network.size
    wrong = wrong_sides(size, described(network.name))
    if wrong:
        raise UsageError(f"--size {shown(size)}: {network.name} {wrong}.")
    return size


def _dataset(config: ExportConfig) -> Dataset | None:
    """The dataset to check on; None where that of the run is gone, and none was named."""
    try:
        found = dataset_of(config.run, config.shards)
        _ = found.depth_encoding
        return found
    except (UsageError, DatasetError) as error:
        if config.shards:
            raise
        remark(f"Checked on a photograph, not on samples: {error}", quiet=config.quiet)
        return None


def _may_write(config: ExportConfig, mark: str) -> None:
    """Raises UsageError where files are there that may not be replaced."""
    may_write(config.file, overwrite=config.overwrite, mark=mark)
    if config.to == "openvino":
        goes_with_it = config.file.exists()
        may_write(config.file.with_suffix(".bin"), overwrite=config.overwrite or goes_with_it)


def _parities(
    file: Path, source: Path, student: Shipped, size: Size, dataset: Dataset | None
) -> list[Parity]:
    """How far each engine that can run a file is off torch."""
    pairs = real_pairs(dataset, size)
    made = [] if file.suffix == ".xml" else [in_onnxruntime(file, cores())]
    made += [in_openvino(file, cores())] if has_openvino() else []
    itself, encoding = in_torch(source, student, size), student.encoding
    return [parity(variant, itself, pairs, encoding) for variant in made]


def _summary(
    config: ExportConfig, network: Network, size: Size, found: list[Parity], dataset: Dataset | None
) -> str:
    unit = f"in {network.encoding.unit}" if network.encoding.unit != "none" else "without a unit"
    where = f"samples of {dataset.folder}" if dataset else "pairs made of a photograph"
    return (
        f"{config.file}: {network.name} for any number of pairs of {size} pixels; mask is a "
        f"probability, depth is {unit}, near is {network.encoding.near_is}\n"
        f"off torch on {where}: {', '.join(map(str, found))}; {TOLERANCE:.0e} is allowed\n"
        f"next: train compare {config.run}"
    )
