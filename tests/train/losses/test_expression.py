import subprocess
import sys

import pytest

from data_manifest.errors import UsageError
from train.losses.expression import parse
from train.losses.names import DEPTH, LOSSES, MASK, MDEAS, Task, listing


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("bce", [(1, "bce")]),
        ("bce + 2*dice", [(1, "bce"), (2, "dice")]),
        (" 0.5 * tversky+bce ", [(0.5, "tversky"), (1, "bce")]),
        ("1e+2*bce+1e-6*l1 + .4*ssim", [(100, "bce"), (1e-6, "l1"), (0.4, "ssim")]),
        ("1E3*mse + 2.*ssim11", [(1000, "mse"), (2, "ssim11")]),
    ],
)
def test_sums_are_read(text: str, terms: list[tuple[float, str]]) -> None:
    assert parse(text, "mask") == tuple(terms)


def test_mdeas_is_written_as_expressions() -> None:
    assert parse(MDEAS["mask"], "mask") == ((1, "mse"), (0.4, "ssim"), (1e-6, "l1"))
    assert parse(MDEAS["depth"], "depth") == ((2, "ssim"), (0.1, "mse"), (1e-6, "l1"))


FOR_INSTANCE = "write for instance '2*ssim + 0.1*l1'."
MASK_NAMES = "bce, focal, dice, iou, tversky, mse, l1, rmse, ssim, ssim3, ssim5, ssim7, ssim11"
DEPTH_NAMES = (
    "mse, l1, rmse, berhu, trimmed_l1, bce, iou, grad, ssim, ssim3, ssim5, ssim7, ssim11, "
    "vathos_ssim, rmse_ssim, silog, ssi, ssi_trimmed, ssigrad"
)


@pytest.mark.parametrize(
    ("task", "text", "sentence"),
    [
        (
            "depth", "l1 + gard",
            f"there is no loss 'gard'; did you mean 'grad'? There are {DEPTH_NAMES}.",
        ),
        ("mask", "BCE", f"there is no loss 'BCE'; did you mean 'bce'? There are {MASK_NAMES}."),
        ("mask", "2*hinge", f"there is no loss 'hinge'; there are {MASK_NAMES}."),
        ("mask", "", f"expected WEIGHT*NAME, got nothing; {FOR_INSTANCE}"),
        ("mask", "bce +", f"expected WEIGHT*NAME, got nothing; {FOR_INSTANCE}"),
        ("mask", "bce - dice", f"expected WEIGHT*NAME, got 'bce - dice'; {FOR_INSTANCE}"),
        ("mask", "bce*2", f"expected WEIGHT*NAME, got 'bce*2'; {FOR_INSTANCE}"),
        ("mask", "2 bce", f"expected WEIGHT*NAME, got '2 bce'; {FOR_INSTANCE}"),
        ("mask", "2*(bce", f"expected WEIGHT*NAME, got '2*(bce'; {FOR_INSTANCE}"),
        ("mask", "nan*bce", f"expected WEIGHT*NAME, got 'nan*bce'; {FOR_INSTANCE}"),
        ("mask", "1_0*bce", f"expected WEIGHT*NAME, got '1_0*bce'; {FOR_INSTANCE}"),
        ("mask", "٣*bce", f"expected WEIGHT*NAME, got '٣*bce'; {FOR_INSTANCE}"),
        ("mask", "exit()", f"expected WEIGHT*NAME, got 'exit()'; {FOR_INSTANCE}"),
        ("mask", "(" * 9999, f"expected WEIGHT*NAME, got '{'(' * 60}'; {FOR_INSTANCE}"),
        ("mask", "0*bce", "the weight of bce must be above 0 and at most 1e+12, got 0."),
        ("depth", "-2*l1", "the weight of l1 must be above 0 and at most 1e+12, got -2."),
        ("depth", "1e999*l1", "the weight of l1 must be above 0 and at most 1e+12, got 1e999."),
        ("depth", "1e-999*l1", "the weight of l1 must be above 0 and at most 1e+12, got 1e-999."),
        ("depth", "l1 + mse + 2*l1", "l1 stands there twice; add its weights."),
    ],
)  # fmt: skip
def test_mistakes_are_named_in_a_sentence(task: Task, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, task)
    assert str(caught.value) == f"--{task}-loss: {sentence}"


@pytest.mark.parametrize("losses", [MASK, DEPTH])
def test_a_listing_has_a_line_for_each_loss(losses: dict[str, str]) -> None:
    lines = listing(losses).splitlines()
    assert [line.split()[0] for line in lines] == list(losses)
    assert all(len(line) < 100 for line in lines)
    assert listing(losses).startswith(next(f"{name:12}{what}" for name, what in losses.items()))


def test_every_name_is_a_sum_by_itself() -> None:
    for task, losses in LOSSES.items():
        for name in losses:
            assert parse(name, task) == ((1.0, name),)


def test_expressions_are_read_without_torch() -> None:
    script = "import sys, train.losses.expression; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
