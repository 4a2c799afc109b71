"""What OpenVINO runs on this CPU."""

from typing import Any

_kept: list[Any] = []


def compiled_for_cpu(model: Any, streams: int, threads: int) -> Any:
    """A model in so many streams, in float32: OpenVINO's own default is bf16 on some CPUs.

    It is kept as long as this process lives. Where a CPU has AMX, OpenVINO gives the thread a stack
    for signals, and leaves it that after the model, and the stack with it, was freed: the next
    Ctrl-C, or the end of a reading process, would be a segmentation fault.
    """
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    _kept.append(compiled)
    return compiled
