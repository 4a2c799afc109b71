"""The U-Nets' blocks against plain computations."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.train.models.anatomy import count
from train.models.earlier.unet_blocks import Decoder, Down, DownUp, Up, double_convolution


def test_a_double_convolution_follows_the_formula() -> None:
    for inputs, middle, outputs in ((6, 16, 16), (256, 128, 64)):
        expected = 9 * middle * (inputs + outputs) + 3 * (middle + outputs)
        assert count(double_convolution(inputs, middle, outputs)) == expected
        assert count(double_convolution(inputs, middle, outputs, 0.2)) == expected
    plain = [type(layer) for layer in double_convolution(2, 3, 4)]
    assert plain == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2
    dropping = [type(layer) for layer in double_convolution(2, 3, 4, 0.2)]
    assert dropping == [nn.Conv2d, nn.BatchNorm2d, nn.Dropout, nn.ReLU] * 2


def test_a_step_down_takes_the_largest_of_four_and_convolves() -> None:
    down, x = Down(3, 5).eval(), torch.rand(2, 3, 7, 10)
    with torch.inference_mode():
        largest = x[:, :, :6].unflatten(2, (3, 2)).unflatten(4, (5, 2)).amax(dim=(3, 5))
        assert torch.equal(down(x), down[1](largest))


@pytest.mark.parametrize("transposed", [False, True])
def test_a_step_up_puts_the_skip_first(transposed: bool) -> None:
    up = Up(4, 3, 5, transposed=transposed).eval()
    below, skip = torch.rand(2, 4, 5, 6), torch.rand(2, 3, 10, 12)
    with torch.inference_mode():
        larger = (
            up.enlarge(below)
            if transposed
            else F.interpolate(below, scale_factor=2.0, mode="bilinear", align_corners=True)
        )
        assert larger.shape[1] == (2 if transposed else 4)
        assert torch.equal(up(below, skip), up.convolve(torch.cat([skip, larger], dim=1)))


def test_a_transposed_step_has_the_original_s_layers() -> None:
    enlarge = Up(8, 4, 4, transposed=True).enlarge
    assert isinstance(enlarge, nn.ConvTranspose2d) and enlarge.bias is not None
    assert enlarge.kernel_size == enlarge.stride == (2, 2)


@pytest.mark.parametrize(("height", "width"), [(11, 13), (9, 11), (10, 13)])
def test_a_step_up_pads_or_crops_to_the_skip(height: int, width: int) -> None:
    up, given = Up(4, 3, 5), []
    up.convolve.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0]))
    below, skip = torch.rand(2, 4, 5, 6), torch.rand(2, 3, height, width)
    assert up(below, skip).shape == (2, 5, height, width)
    larger = up.enlarge(below)[:, :, int(height < 10) :, int(width < 12) :]
    rows, columns = larger.shape[2:]
    assert torch.equal(given[0][:, :3], skip)
    assert torch.equal(given[0][:, 3:, :rows, :columns], larger)
    assert not given[0][:, 3:, rows:].any() and not given[0][:, 3:, :, columns:].any()


@pytest.mark.parametrize(("transposed", "outputs"), [(False, [4, 2, 2]), (True, [8, 4, 2])])
def test_a_decoder_s_widths(transposed: bool, outputs: list[int]) -> None:
    decoder = Decoder((2, 4, 8, 16), transposed=transposed)
    found = [up.convolve[3].out_channels for up in decoder]
    assert found == outputs


def test_down_and_up_takes_every_skip_at_its_level() -> None:
    net, x = DownUp((2, 4, 8)).eval(), torch.rand(2, 2, 9, 14)
    with torch.inference_mode():
        middle = net.downs[0](x)
        expected = net.ups[1](net.ups[0](net.downs[1](middle), middle), x)
        assert torch.equal(net(x), expected)
