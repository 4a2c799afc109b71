"""A teacher in onnxruntime, where OpenVINO isn't to be had: a picture at a time, a core a lane."""

import io
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

from data_manifest.errors import TeacherError
from data_manifest.record import Picture
from depthgen.engine.networks import Answers, squeezed
from depthgen.teachers.card import Teacher

_ERRORS_ONLY = 3


class OnnxNetwork:
    """float32 on a CPU."""

    engine, precision, batch = "onnxruntime", "float32", 1

    def __init__(self, teacher: Teacher, lanes: int) -> None:
        """Raises TeacherError where the network can't be brought into onnxruntime."""
        self.lanes, self._name = lanes, teacher.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                teacher.onnx or _exported(teacher), options, ["CPUExecutionProvider"]
            )
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise TeacherError(f"{teacher.name} can't be run by onnxruntime: {said}.") from error
        self._input = self._session.get_inputs()[0].name

    def answer(self, rgb: Picture) -> Answers:
        """See ``Network``."""
        batch = np.ascontiguousarray(rgb.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        return squeezed(self._session.run(None, {self._input: batch})[0], self._name, len(rgb))

    def begin_lane(self) -> None:
        """See ``Network``; its threads are settled already."""

    def halve(self) -> bool:
        """See ``Network``."""
        return False


def _exported(teacher: Teacher) -> bytes:
    width, height = teacher.input_size
    if not isinstance(teacher.network, nn.Module):
        raise TypeError("only a torch.nn.Module can be exported")
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer: shapes are constants here, rightly
        picture = torch.zeros(1, 3, height, width)
        torch.onnx.export(teacher.network, (picture,), file, dynamo=False)  # type: ignore[arg-type]
    return file.getvalue()
