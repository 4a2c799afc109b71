"""Judged samples to test with, whose numbers are easy to foresee."""

from dataclasses import replace

from train.judging.measure import JudgedSample


def judged(number: int, **values: object) -> JudgedSample:
    """Sample ``number``: the higher, the better its mask and the worse its depth."""
    plain = JudgedSample(
        index=number, key=f"key{number}", split="val", bg=f"bg{number % 2}", fg=f"fg{number % 3}",
        mask_share=number / 100, mask_iou=number / 10, depth_rmse=float(number), depth_mae=0.5,
    )  # fmt: skip
    return replace(plain, **values)
