import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.errors import RecipeError, UsageError
from data_manifest.header import Header
from data_manifest.shards import read_label
from datagen.config import StatsConfig
from datagen.stats import stats
from depthgen.config import RunConfig
from depthgen.predict import Predictor, choose_device
from depthgen.run import run
from depthgen.teacher import load_teacher


def assert_same(one: Path, other: Path) -> None:
    """Every byte but depth, which a network gives to a millimetre from one process to the next."""
    pairs = zip(Dataset(one), Dataset(other), strict=True)
    for mine, its in pairs:
        assert mine.record == its.record
        for name in ("bg", "fg_bg", "mask"):
            assert np.array_equal(getattr(mine, name), getattr(its, name))
        assert mine.depth is not None and its.depth is not None
        assert np.abs(mine.depth - its.depth).max() <= 0.0011


@pytest.fixture
def unlabelled(dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(dataset, tmp_path / "data"))


def test_depth_is_the_teachers_answer_for_the_stored_picture(labelled: Path) -> None:
    network = load_teacher("fastdepth", None).network
    for sample in Dataset(labelled)[::37]:
        rgb = torch.from_numpy(sample.fg_bg).permute(2, 0, 1)[None].float() / 255
        big = torch.nn.functional.interpolate(rgb, (224, 224), mode="bilinear", antialias=True)
        with torch.inference_mode():
            depth = torch.nn.functional.interpolate(
                network(big), (96, 96), mode="bilinear", antialias=True
            )
        assert sample.depth is not None
        assert np.abs(sample.depth - depth[0, 0].numpy()).max() <= 0.0006  # half a millimetre


def test_pictures_are_untouched(dataset: Path, labelled: Path) -> None:
    for before, after in zip(Dataset(dataset)[::11], Dataset(labelled)[::11], strict=True):
        assert np.array_equal(before.fg_bg, after.fg_bg)
        assert np.array_equal(before.bg, after.bg)
        assert np.array_equal(before.mask, after.mask)
        assert before.record == after.record


def test_the_header_says_who_made_it(labelled: Path) -> None:
    stage = Header.read(labelled / "dataset.json").stages.depth
    assert stage is not None
    assert (stage.teacher, stage.licence, stage.input_size) == ("fastdepth", "MIT", (224, 224))
    assert stage.weights_sha256.startswith("6275c23f")
    encoding = stage.encoding
    assert (encoding.unit, encoding.kind, encoding.near_is) == ("metres", "metric", "small")
    assert encoding.scale == 0.001
    assert read_label(labelled / "00000.h5").stages.depth == stage


@pytest.mark.parametrize("batch", [7, 1000])
def test_the_batch_doesnt_change_the_answer(batch: int, unlabelled: Path, labelled: Path) -> None:
    run(RunConfig(data=unlabelled, batch=batch, quiet=True, device="cpu"))
    for one, other in zip(Dataset(unlabelled)[::9], Dataset(labelled)[::9], strict=True):
        assert one.depth is not None and other.depth is not None
        assert np.abs(one.depth - other.depth).max() <= 0.0011


def test_a_killed_run_is_gone_on_with(unlabelled: Path, labelled: Path) -> None:
    program = [str(Path(sys.executable).parent / "depthgen"), "run", str(unlabelled), "--quiet"]
    with subprocess.Popen([*program, "--device", "cpu"]) as process:
        while read_label(unlabelled / "00000.h5").stages.depth is None:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = [
        read_label(path).stages.depth is not None for path in sorted(unlabelled.glob("[0-9]*.h5"))
    ]
    assert done[0] and not all(done)
    assert Header.read(unlabelled / "dataset.json").stages.depth is None
    assert Dataset(unlabelled)[0].depth is None and Dataset(unlabelled)[139].depth is None
    stats(StatsConfig(data=unlabelled, workers=1, quiet=True))
    kept = (unlabelled / "00000.h5").stat().st_mtime_ns
    run(RunConfig(data=unlabelled, quiet=True, device="cpu"))
    assert (unlabelled / "00000.h5").stat().st_mtime_ns == kept
    assert_same(unlabelled, labelled)
    assert "had it already" in run(RunConfig(data=unlabelled, quiet=True, device="cpu"))


def test_another_teachers_depth_is_not_replaced_unasked(labelled: Path, tmp_path: Path) -> None:
    import onnx

    from data_manifest.weights.npm import NPM
    from data_manifest.weights.pinned import load_weights
    from depthgen.fastdepth import WEIGHTS

    folder = Path(shutil.copytree(labelled, tmp_path / "data"))
    model = onnx.load_from_string(load_weights(WEIGHTS, NPM, None).content)
    model.doc_string = "the same weights in another file"
    (tmp_path / "other.onnx").write_bytes(model.SerializeToString())
    other = RunConfig(data=folder, weights=tmp_path / "other.onnx", quiet=True, device="cpu")
    with pytest.raises(RecipeError, match="give --overwrite to replace it"):
        run(other)
    run(other.model_copy(update={"overwrite": True}))
    stage = Header.read(folder / "dataset.json").stages.depth
    assert stage is not None and not stage.weights_sha256.startswith("6275c23f")
    assert np.array_equal(Dataset(folder)[5].depth, Dataset(labelled)[5].depth)


def test_memory_running_out_halves_the_batch() -> None:
    """The network runs for real; only the device's refusal is raised by hand, as none is here."""
    teacher = load_teacher("fastdepth", None)
    sizes: list[int] = []

    class Small(torch.nn.Module):
        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            sizes.append(len(rgb))
            if len(rgb) > 2:
                raise torch.cuda.OutOfMemoryError
            return teacher.network(rgb)

    pictures = np.random.default_rng(0).integers(0, 255, (5, 224, 224, 3), np.uint8)
    expected = np.concatenate(list(Predictor(teacher, torch.device("cpu")).stored_depth(pictures)))
    small = Predictor(type(teacher)(Small(), teacher.stage), torch.device("cpu"))
    pieces = list(small.stored_depth(pictures))
    assert sizes == [4, 2, 2, 1]
    assert np.abs(np.concatenate(pieces).astype(int) - expected).max() <= 1


def test_a_full_disk_is_a_sentence(unlabelled: Path, labelled: Path) -> None:
    program = [str(Path(sys.executable).parent / "depthgen"), "run", str(unlabelled), "--quiet"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    full = subprocess.run(
        [*program, "--device", "cpu"],
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1, full.stderr
    assert "can't be written" in full.stderr and "Traceback" not in full.stderr
    run(RunConfig(data=unlabelled, quiet=True, device="cpu"))
    assert_same(unlabelled, labelled)


def test_zip_shards_get_depth_too(
    make_dataset: Callable[..., Path], labelled: Path, tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data", format="zip")
    run(RunConfig(data=folder, quiet=True, device="cpu"))
    for one, other in zip(Dataset(folder)[::9], Dataset(labelled)[::9], strict=True):
        assert np.array_equal(one.depth, other.depth)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_a_sentence() -> None:
    assert choose_device("auto").type == "cpu"
    with pytest.raises(UsageError, match="torch finds no GPU"):
        choose_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_nearly_the_same(unlabelled: Path, labelled: Path) -> None:
    run(RunConfig(data=unlabelled, quiet=True, device="cuda"))
    for one, other in zip(Dataset(unlabelled)[::9], Dataset(labelled)[::9], strict=True):
        assert one.depth is not None and other.depth is not None
        assert np.abs(one.depth - other.depth).mean() < 0.02
