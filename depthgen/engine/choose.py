"""Which engine runs a teacher, and on what."""

from collections.abc import Callable
from importlib.util import find_spec

import joblib
import torch

from data_manifest.commands.device import Device, use_gpu
from data_manifest.errors import TeacherError, UsageError
from depthgen.config import EngineName
from depthgen.engine.networks import Network
from depthgen.engine.ranks import gpu_number, on_this_machine
from depthgen.engine.torch_network import TorchNetwork
from depthgen.teachers.card import Teacher

FIRST_GPU_BATCH = 64
MOST_LANES = 16
"""Of a CPU: each holds the activations of a picture. With more cores, several work in a lane."""


def make_network(
    teacher: Teacher, device: Device, engine: EngineName, *, compiled: bool = False
) -> Network:
    """A teacher at work.

    ``auto`` is torch on a GPU, and on a CPU the first that can run it of OpenVINO, onnxruntime and
    torch, which is their order in speed. Raises UsageError where a GPU is wanted and there is none,
    or an engine that isn't installed or runs on none; TeacherError where it can't run the teacher.
    """
    on_gpu = use_gpu(device, has_gpu=torch.cuda.is_available())
    if on_gpu and engine not in ("auto", "torch"):
        raise UsageError(f"--engine {engine} runs on a CPU; add --device cpu.")
    if on_gpu:
        return _torch(
            teacher, torch.device("cuda", gpu_number()), FIRST_GPU_BATCH, compiled=compiled
        )
    if engine != "auto":
        return CPU_ENGINES[engine](teacher)
    for name in ("openvino", "onnxruntime"):
        if find_spec(name):
            try:
                return CPU_ENGINES[name](teacher)
            except TeacherError:
                continue
    return CPU_ENGINES["torch"](teacher)


def _torch(teacher: Teacher, device: torch.device, batch: int, *, compiled: bool) -> Network:
    if teacher.network is None:
        raise TeacherError(
            f"{teacher.name} is an ONNX file, which torch can't run; use --device cpu, with "
            "OpenVINO or onnxruntime installed."
        )
    return TorchNetwork(teacher, device, min(cores(), MOST_LANES), batch, compiled=compiled)


def _openvino(teacher: Teacher) -> Network:
    from depthgen.engine.openvino_network import OpenVinoNetwork

    return OpenVinoNetwork(teacher, min(cores(), MOST_LANES), cores())


def _onnxruntime(teacher: Teacher) -> Network:
    from depthgen.engine.onnxruntime_network import OnnxNetwork

    return OnnxNetwork(teacher, min(cores(), MOST_LANES))


def cores() -> int:
    """How many cores this process may use, beside others that share the work."""
    return max(int(joblib.cpu_count()) // on_this_machine(), 1)


CPU_ENGINES: dict[str, Callable[[Teacher], Network]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "torch": lambda teacher: _torch(teacher, torch.device("cpu"), 1, compiled=False),
}
