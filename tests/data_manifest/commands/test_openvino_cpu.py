"""Models in OpenVINO outlive whoever runs them."""

import gc
import weakref

import numpy as np
import openvino
from openvino import opset13 as ops

from data_manifest.commands.openvino_cpu import compiled_for_cpu


def test_a_model_is_kept_in_float32() -> None:
    given = ops.parameter([2, 3], np.float32)
    model = openvino.Model([ops.relu(given)], [given], "relu")
    compiled = compiled_for_cpu(model, streams=1, threads=1)
    assert compiled.get_property("INFERENCE_PRECISION_HINT") == openvino.Type.f32
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    (found,) = compiled([np.array([[-1, 0, 1], [2, -2, 3]], np.float32)]).values()
    assert found.tolist() == [[0, 0, 1], [2, 0, 3]]
    alive = weakref.ref(compiled)
    del compiled, model, given, found
    gc.collect()
    assert alive() is not None
