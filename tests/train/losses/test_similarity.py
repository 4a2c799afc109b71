import pytest
import torch
from kornia.filters import spatial_gradient
from kornia.metrics import ssim as kornia_ssim
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from tests.train.losses.scene import Scene
from train.losses import similarity
from train.losses.gradients import grad
from train.losses.similarity import ssim, ssim_map


def test_ssim_equals_an_independent_implementation(scene: Scene) -> None:
    depth = scene.true.depth
    other = depth.roll(5, dims=3)
    ours = ssim(depth, other)
    pairs = zip(F.pad(depth, [5] * 4)[:, 0], F.pad(other, [5] * 4)[:, 0], strict=True)
    for value, (first, second) in zip(ours, pairs, strict=True):
        _, full = structural_similarity(
            first.double().numpy(), second.double().numpy(), data_range=1, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False, full=True, truncate=3.5, win_size=11,
        )  # fmt: skip
        assert float(value) == pytest.approx(full[5:-5, 5:-5].mean(), abs=2e-5)
    assert torch.allclose(ssim(other, other), torch.ones(len(other)))


@pytest.mark.parametrize("window", [3, 5, 7, 11])
def test_mirrored_at_the_border_it_is_kornias(window: int, scene: Scene) -> None:
    pair = scene.depth[:, :, :, :80].double(), scene.true.depth[:, :, :, :80].double()
    ours = ssim_map(*pair, window, "reflect")
    assert torch.allclose(ours, kornia_ssim(*pair, window), atol=1e-9)
    padded = (F.pad(part, [window // 2] * 4) for part in pair)
    theirs = kornia_ssim(*padded, window, padding="valid")
    assert torch.allclose(ssim_map(*pair, window), theirs, atol=1e-9)


def test_validation_may_come_before_training(scene: Scene) -> None:
    similarity._weights.cache_clear()
    with torch.inference_mode():
        before = ssim(scene.depth, scene.true.depth)
    depth = scene.depth.clone().requires_grad_()
    after = ssim(depth, scene.true.depth)
    after.sum().backward()
    assert depth.grad is not None and torch.equal(before, after.detach())


def test_autocast_does_not_blur_similarity(scene: Scene) -> None:
    expected = ssim(scene.depth, scene.true.depth)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ssim(scene.depth, scene.true.depth), expected)


def test_grad_equals_kornias_spatial_gradient(scene: Scene) -> None:
    predicted, true = scene.depth.double(), scene.true.depth.double()
    theirs = (spatial_gradient(predicted) - spatial_gradient(true)).abs().mean(dim=(1, 2, 3, 4))
    assert torch.allclose(grad(predicted, true), theirs, atol=1e-12)
