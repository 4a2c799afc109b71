"""No held-out source, nor a near-duplicate of one, is trained on: on real pictures and shards."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from datagen.config import OverlayConfig
from datagen.overlay import overlay


@pytest.fixture
def with_copies(all_pictures: Path, tmp_path: Path) -> Path:
    """Twelve photos and twelve cut-outs; a smaller, worse copy of every third, renamed."""
    for kind, mode in (("bgs", "RGB"), ("fgs", "RGBA")):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for number, path in enumerate(sorted((all_pictures / kind).iterdir())[:12]):
            picture = Image.open(path).convert(mode)
            picture.thumbnail((300, 300))
            picture.save(folder / f"{number:02}.png")
            if number % 3 == 0:
                small = picture.resize((picture.width // 2, picture.height // 2))
                small.save(folder / f"copy-of-{number:02}.webp", quality=70)
    return tmp_path / "pictures"


def original(name: str) -> str:
    return name.removeprefix("copy-of-")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_held_out_pictures_and_their_copies_are_never_trained_on(
    seed: int, share: float, with_copies: Path
) -> None:
    folders = {"bg": with_copies / "bgs", "fg": with_copies / "fgs"}
    options = {"n": 1, "size": 32, "seed": seed, "hold_out": share, "workers": 1, "quiet": True}
    overlay(
        OverlayConfig.model_validate(
            {**folders, **options, "objects": "1:2", "scale": "0.2:0.4", "occlusion": 0.9}
        )
    )
    dataset = Dataset("data")
    records = dataset.plan.records(np.arange(len(dataset)))
    known = [record for record in records if record.split == "train"]
    for kinds, splits in (("bg", ("val", "val_bg")), ("fg", ("val", "val_fg"))):
        unseen = [record for record in records if record.split in splits]
        trained, held = (
            {
                original(name)
                for record in part
                for name in ([record.bg] if kinds == "bg" else [at.fg for at in record.placements])
            }
            for part in (known, unseen)
        )
        assert not trained & held
        assert len(held) == round(share * 12)
        assert len(trained) == 12 - round(share * 12)


@pytest.mark.parametrize(
    ("bgs", "fgs", "splits"),
    [
        (1, 1, {"train"}),
        (1, 2, {"train", "val_fg"}),
        (2, 1, {"train", "val_bg"}),
        (2, 2, {"train", "val", "val_bg", "val_fg"}),
        (3, 3, {"train", "val", "val_bg", "val_fg"}),
    ],
)
def test_with_few_sources_the_split_and_the_sentence_are_right(
    bgs: int,
    fgs: int,
    splits: set[str],
    all_pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for kind, count in (("bgs", bgs), ("fgs", fgs)):
        (tmp_path / kind).mkdir()
        for path in sorted((all_pictures / kind).iterdir())[:count]:
            (tmp_path / kind / path.name).write_bytes(path.read_bytes())
    overlay(OverlayConfig(bg="bgs", fg="fgs", n=1, size=32, workers=1))
    dataset = Dataset("data")
    assert {record.split for record in dataset.plan.records(np.arange(len(dataset)))} == splits
    said = capsys.readouterr().err
    assert ("only one of backgrounds" in said) == (bgs == 1)
    assert ("only one of foregrounds" in said) == (fgs == 1)
    assert ("1 is held out" in said) == (bgs > 1 or fgs > 1)
