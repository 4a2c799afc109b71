"""A teacher in OpenVINO, the fastest measured on a CPU: a picture a lane.

Its answers are the same bits for any number of lanes.
"""

import threading
import warnings

import numpy as np
import openvino
import torch
from openvino.preprocess import PrePostProcessor

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.commands.openvino_cpu import compiled_for_cpu
from data_manifest.errors import TeacherError
from data_manifest.record import Picture
from depthgen.engine.networks import Answers, squeezed
from depthgen.teachers.card import Teacher


class OpenVinoNetwork:
    """See ``Network``; in bf16 depth would be centimetres off."""

    engine, precision, batch = "openvino", "float32", 1

    def __init__(self, teacher: Teacher, lanes: int, threads: int) -> None:
        """Raises TeacherError where the network can't be brought into OpenVINO."""
        self.lanes, self._name = lanes, teacher.name
        try:
            self._compiled = compiled_for_cpu(_converted(teacher), lanes, threads)
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise TeacherError(f"{teacher.name} can't be run by OpenVINO: {said}.") from error
        self._lane = threading.local()
        keep_freed_memory()

    def answer(self, rgb: Picture) -> Answers:
        """See ``Network``."""
        if not hasattr(self._lane, "request"):
            self._lane.request = self._compiled.create_infer_request()
        self._lane.request.infer({0: np.ascontiguousarray(rgb)}, share_inputs=True)
        answers = self._lane.request.get_output_tensor(0).data.copy()
        return squeezed(answers, self._name, len(rgb))

    def begin_lane(self) -> None:
        """See ``Network``; its threads are settled already."""

    def halve(self) -> bool:
        """See ``Network``."""
        return False


def _converted(teacher: Teacher) -> openvino.Model:
    """The network with (1, h, w, 3) uint8 RGB as its input."""
    width, height = teacher.input_size
    if teacher.onnx is not None:
        model = openvino.Core().read_model(teacher.onnx)
    else:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # of the tracer: shapes are constants here, rightly
            picture = torch.zeros(1, 3, height, width)
            model = openvino.convert_model(teacher.network, example_input=picture)
    model.reshape([1, 3, height, width])
    process = PrePostProcessor(model)
    given = process.input()
    given.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    given.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    given.model().set_layout(openvino.Layout("NCHW"))
    return process.build()
