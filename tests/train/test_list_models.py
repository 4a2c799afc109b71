"""What is said of each student before one is trained."""

import pytest

from data_manifest.errors import DioramaError
from train.config.models import ModelsConfig
from train.list_models import list_models, weighed
from train.models.names import STUDENTS
from train.presets import PRESETS


def test_every_student_and_every_preset_has_its_line() -> None:
    said = list_models(ModelsConfig()).splitlines()
    firsts = [line.split(" ")[0] for line in said]
    assert set(STUDENTS) <= set(firsts)
    assert set(PRESETS.files) <= set(firsts)


@pytest.mark.parametrize(
    ("name", "parameters"), [("mdeas", 1_521_026), ("twin", 1_563_801), ("unet", 17_269_186)]
)
def test_parameters_are_counted(name: str, parameters: int) -> None:
    assert weighed(name)[0] == parameters
    assert f"{parameters:,}" in list_models(ModelsConfig(name=name))


def test_multiplications_are_counted_on_every_pixel() -> None:
    """The first convolution of ResNet-34 alone: 6 to 64 channels, 7 x 7, at half the side."""
    stem = 6 * 64 * 7 * 7 * 112 * 112
    assert stem < weighed("resnet34_unet")[1] < 200 * stem


def test_a_name_of_none() -> None:
    with pytest.raises(DioramaError, match="nonesuch"):
        list_models(ModelsConfig(name="nonesuch"))
