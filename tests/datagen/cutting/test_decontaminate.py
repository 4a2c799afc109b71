import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import UsageError
from datagen.cutting.decontaminate import decontaminate


@pytest.mark.parametrize("ground", [(0, 255, 0), (255, 0, 255)])
@pytest.mark.parametrize("name", ["cat", "owl", "tree"])
def test_the_old_background_leaves_the_fringe(
    name: str, ground: tuple[int, int, int], pictures: Path
) -> None:
    """A cut-out over a loud colour, cut out again with its true alpha; measured in the fringe."""
    with Image.open(pictures / "fgs" / f"{name}.webp") as cutout:
        true = np.asarray(cutout.convert("RGBA"))
    alpha = true[..., 3]
    share = alpha[..., None] / 255
    seen = np.rint(true[..., :3] * share + np.array(ground) * (1 - share)).astype(np.uint8)
    contaminated = np.dstack([seen, alpha])
    clean = decontaminate(contaminated)
    fringe = (alpha > 12) & (alpha < 243)
    before, after = (
        np.abs(picture[fringe][:, :3].astype(int) - true[fringe][:, :3]).mean()
        for picture in (contaminated, clean)
    )
    assert before > 50 and after < before / 4
    assert np.array_equal(clean[..., 3], alpha)
    assert np.array_equal(clean[alpha == 255], contaminated[alpha == 255])


def test_without_pymatting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymatting", None)
    with pytest.raises(UsageError, match=r"run: pip install 'diorama\[matting\]'"):
        decontaminate(np.zeros((4, 4, 4), np.uint8))
