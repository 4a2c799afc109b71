"""What runs what; that engines agree is in test_run.py."""

import numpy as np
import pytest
import torch

from data_manifest.errors import TeacherError
from data_manifest.record import Size
from depthgen.engine.agreement import in_agreement
from depthgen.engine.choose import make_network
from depthgen.engine.predict import Predictor
from depthgen.engine.timing import Stopwatch
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Meaning, Teacher
from depthgen.teachers.declared import Declared


class Moody(torch.nn.Module):
    """Bright pictures are farther: a decision that a tracer, shown a black one, doesn't see."""

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        depth = rgb.mean(dim=1)
        return depth + 5 if float(rgb.mean()) > 0.1 else depth


METRES = Meaning("metres", "metric", "small", (0.0, 10.0))
FRAME = Size(32, 32)


def test_a_network_that_its_engine_gets_wrong_is_run_by_torch() -> None:
    teacher = Teacher("own", Moody().eval(), FRAME, METRES, "MIT", "")
    network = make_network(teacher, "cpu", "openvino")
    predictor = Predictor(teacher, network)
    bright, black = (np.full((32, 32, 3), level, np.uint8) for level in (200, 0))
    bright[0] = 100
    assert in_agreement(predictor, [black], FRAME, insist=False) is predictor
    assert in_agreement(predictor, [bright], FRAME, insist=False).network.engine == "torch"
    with pytest.raises(TeacherError, match="own answers otherwise in openvino than in torch"):
        in_agreement(predictor, [bright], FRAME, insist=True)


def test_a_plain_function_is_no_work_for_onnxruntime() -> None:
    teacher = Teacher("own", lambda rgb: rgb.mean(dim=1), FRAME, METRES, "MIT", "")
    black = np.zeros((1, 32, 32, 3), np.uint8)
    assert make_network(teacher, "cpu", "torch").answer(black).shape == (1, 32, 32)
    with pytest.raises(TeacherError, match="own can't be run by onnxruntime: only a torch"):
        make_network(teacher, "cpu", "onnxruntime")


def test_an_onnx_file_alone_is_no_work_for_torch() -> None:
    known = load_teacher("fastdepth", Size(96, 96), None, Declared())
    bare = Teacher("onnx:x", None, known.input_size, known.meaning, "MIT", "", known.onnx)
    assert make_network(bare, "cpu", "auto").engine == "openvino"
    with pytest.raises(TeacherError, match="is an ONNX file, which torch can't run"):
        make_network(bare, "cpu", "torch")


def test_a_stopwatch_says_where_the_time_went() -> None:
    watch = Stopwatch()
    with watch("network"):
        sum(range(1_000_000))
    with watch("reading"):
        pass
    assert watch.shares().startswith("network 100%, reading 0%")
