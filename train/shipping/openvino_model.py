"""A student in OpenVINO: two files, .xml and .bin, and how they, or an ONNX file, are run."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from data_manifest.commands.openvino_cpu import compiled_for_cpu
from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from train.shipping.about import About, mark_of, refuse_strangers
from train.shipping.graph import INPUTS, OUTPUTS, read_graph, words_of
from train.shipping.variants import OPENVINO, Maps, Pair, Variant, in_short

SECTION = "diorama"
XML = "model.xml"


def has_openvino() -> bool:
    """Whether OpenVINO is installed, which ``train`` does without."""
    return find_spec("openvino") is not None


def need_openvino() -> None:
    """Raises UsageError where OpenVINO isn't installed."""
    if not has_openvino():
        raise UsageError("openvino isn't installed; run: pip install 'openvino>=2024.6'")


def to_openvino(onnx_content: bytes, words: About, file: Path) -> None:
    """Write ``file``, an .xml, and the .bin beside it, in float32, from an ONNX file's content."""
    import openvino

    model = openvino.Core().read_model(onnx_content)
    model.set_friendly_name(mark_of(words))
    for name, text in words.items():
        model.set_rt_info(text, [SECTION, name])
    openvino.save_model(model, file, compress_to_fp16=False)


def in_openvino(file: Path, threads: int) -> Variant:
    """A student's .xml or .onnx in OpenVINO, in float32.

    Raises WeightsError where it can't be run, or isn't one that we exported.
    """
    import openvino

    try:
        model = openvino.Core().read_model(file)
        request = compiled_for_cpu(model, 1, threads).create_infer_request()
    except Exception as error:
        raise WeightsError(f"{file} can't be run by OpenVINO: {in_short(error)}.") from error
    words = _words(model) if file.suffix == ".xml" else words_of(read_graph(file))
    refuse_strangers(file, words)

    def answer(bg: Maps, fg_bg: Maps) -> Pair:
        request.infer(dict(zip(INPUTS, (bg, fg_bg), strict=True)), share_inputs=True)
        mask, depth = (request.get_tensor(name).data.copy() for name in OUTPUTS)
        return mask, depth

    height, width = (model.input(INPUTS[0]).partial_shape[axis].get_length() for axis in (2, 3))
    return Variant(file, OPENVINO, Size(width, height), answer, words)


def _words(model: Any) -> dict[str, str]:
    """What a model says of itself, see ``to_openvino``."""
    return dict(model.get_rt_info([SECTION]).value) if model.has_rt_info([SECTION]) else {}
