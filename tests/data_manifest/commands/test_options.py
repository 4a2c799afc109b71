from pathlib import Path

import pytest

from data_manifest.commands.options import build
from data_manifest.errors import UsageError
from datagen.config import OverlayConfig
from train.config.fit import FitConfig


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "fit.yaml").write_text("epochs: 7\nlr: 0.01\n")
    config = build(FitConfig, {"epochs": 3}, [tmp_path / "fit.yaml"])
    assert (config.epochs, config.lr, config.augment) == (3, 0.01, "full")


def test_saved_options_read_back_the_same(tmp_path: Path) -> None:
    config = FitConfig(shards=("a.h5", "b.h5"), size=96, out=tmp_path / "run")
    config.save(tmp_path / "config.yaml")
    assert build(FitConfig, {}, [tmp_path / "config.yaml"]) == config


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch: 3\n", "unknown key 'epoch'; did you mean 'epochs'"),
        ("batchsize: 3\n", "did you mean 'batch_size'"),
        ("zzz: 3\n", "unknown key 'zzz'; valid: "),
        ("epochs: 0\n", "--epochs 0: input should be greater than or equal to 1"),
        ("epochs: many\n", "--epochs many: input should be a valid integer"),
        ("- a\n- b\n", "holds a list; expected `key: value` lines"),
        ("epochs: [\n", "is not YAML"),
    ],
)
def test_a_wrong_file_is_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "fit.yaml").write_text(text)
    with pytest.raises(UsageError, match=r".") as caught:
        build(FitConfig, {}, [tmp_path / "fit.yaml"])
    assert sentence in str(caught.value)


def test_scale_is_a_range() -> None:
    folders = {"bg": "a", "fg": "b"}
    assert build(OverlayConfig, {**folders, "scale": "0.2:0.9"}).scale == (0.2, 0.9)
    assert build(OverlayConfig, {**folders, "scale": "0.5"}).scale == (0.5, 0.5)
    for wrong in ("0.9:0.2", "0:1", "0.5:1.5", "a:b"):
        with pytest.raises(UsageError, match="scale"):
            build(OverlayConfig, {**folders, "scale": wrong})


def test_ranges_in_yaml_are_ranges(tmp_path: Path) -> None:
    """Plain YAML takes 1:3 for sixty-three, in base 60."""
    (tmp_path / "recipe.yaml").write_text("objects: 1:3\nangle: -20:45\nscale: 0.2:0.6\nn: 7\n")
    made = build(OverlayConfig, {"bg": "b", "fg": "f"}, [tmp_path / "recipe.yaml"])
    assert (made.objects, made.angle, made.scale) == ((1, 3), (-20, 45), (0.2, 0.6))
    assert made.n == 7
