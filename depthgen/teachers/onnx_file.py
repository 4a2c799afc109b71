"""Any network in an ONNX file that takes one picture and gives one depth map."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from depthgen.teachers.card import Teacher
from depthgen.teachers.declared import Declared, fixed_size, meaning_of, needed_size

FLOAT = onnx.TensorProto.FLOAT
TAKES = "expected one input of float32 (batch, 3, height, width), RGB in [0, 1]"
GIVES = "expected one output of float32 (batch, height, width) or (batch, 1, height, width)"


def load(name: str, path: Path, declared: Declared) -> Teacher:
    """The teacher in ``path``, whose numbers mean what is declared.

    Its input size is that of the file, where it is fixed there, else the declared one.

    Raises UsageError where there is no such file, or where what is needed isn't declared or
    contradicts the file; WeightsError where it is no ONNX file, keeps weights in other files, or
    takes or gives anything else than TAKES and GIVES say.
    """
    if not path.is_file():
        raise UsageError(f"There is no ONNX file {path}.")
    meaning = meaning_of(name, declared)
    content = path.read_bytes()
    graph = _parse(path, content).graph
    _refuse_external(path, graph)
    size = _input_size(name, _check_input(path, graph), declared)
    _check_output(path, graph)
    digest = hashlib.sha256(content).hexdigest()
    return Teacher(name, None, size, meaning, "unknown", digest, onnx=content)


def _parse(path: Path, content: bytes) -> Any:
    try:
        model = onnx.load_from_string(content)
    except (DecodeError, ValueError) as error:
        raise WeightsError(f"{path} is not an ONNX file, or is cut off.") from error
    if not model.graph.node:
        raise WeightsError(f"{path} is not an ONNX file: it holds no network.")
    return model


def _refuse_external(path: Path, graph: Any) -> None:
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise WeightsError(
                f"{path} keeps weights such as {tensor.name!r} in another file beside it, which "
                "isn't read; store the network as one file (torch.onnx.export with "
                "external_data=False, or onnx.save)."
            )


def _tensors(graph: Any) -> Iterator[Any]:
    """All constants of a graph and of the graphs within it."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        for inner in (attribute.g, *attribute.graphs):
            if inner.node:
                yield from _tensors(inner)


def _check_input(path: Path, graph: Any) -> list[int]:
    """The input's sides (batch, 3, height, width), 0 for each that may be any."""
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [part for part in graph.input if part.name not in constants]
    sides = _sides(inputs[0]) if len(inputs) == 1 else []
    if len(sides) != 4 or sides[1] != 3:
        raise WeightsError(f"{path} takes {_shown(inputs)}; {TAKES}.")
    return sides


def _check_output(path: Path, graph: Any) -> None:
    sides = _sides(graph.output[0]) if len(graph.output) == 1 else []
    if len(sides) not in (3, 4) or (len(sides) == 4 and sides[1] != 1):
        raise WeightsError(f"{path} gives {_shown(graph.output)}; {GIVES}.")


def _input_size(name: str, sides: list[int], declared: Declared) -> Size:
    height, width = sides[2:]
    if height and width:
        return fixed_size(name, Size(width, height), declared)
    wanted = needed_size(name, declared)
    return fixed_size(name, Size(width or wanted.width, height or wanted.height), declared)


def _sides(part: Any) -> list[int]:
    """The shape of an input or output, 0 for sides that may be any; empty if it isn't float32."""
    kind = part.type.tensor_type
    return [side.dim_value for side in kind.shape.dim] if kind.elem_type == FLOAT else []


def _shown(parts: Any) -> str:
    """Inputs or outputs with their types and shapes."""
    return ", ".join(_shown_one(part) for part in parts) or "nothing"


def _shown_one(part: Any) -> str:
    kind = part.type.tensor_type
    sides = ", ".join(str(side.dim_value or side.dim_param or "?") for side in kind.shape.dim)
    return f"{part.name!r} {onnx.TensorProto.DataType.Name(kind.elem_type).lower()} ({sides})"
