"""Teachers at work: engines beside one another, and ``depthgen run`` beside the bare network.

The second teacher has the shape of Depth Anything V2 Small and random weights: its speed is that of
the real one, its depth is not.

Usage: python benchmarks/teachers.py [FOLDER with bgs/ and fgs/]
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import transformers
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.errors import TeacherError
from data_manifest.record import Picture, Size
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.engine.batches import settle_batch
from depthgen.engine.choose import CPU_ENGINES, make_network
from depthgen.engine.lanes import in_lanes
from depthgen.engine.networks import Network
from depthgen.engine.predict import Predictor
from depthgen.engine.torch_network import threads_kept
from depthgen.run import run
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Teacher
from depthgen.teachers.declared import Declared

FRAME = Size(224, 224)
KINDS = ("composite", "anchored", "layered")
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from measure import peak_mb
from depthgen.config import RunConfig
from depthgen.run import run
run(RunConfig(data=sys.argv[2], teacher=sys.argv[3], batch=1000, quiet=True))
print(peak_mb())
"""


class Subject(NamedTuple):
    """A teacher by its name on the command line, and how many samples it can label in a minute.

    They are of few ``backgrounds``: in a dataset of many placements, thousands share one.
    """

    name: str
    title: str
    samples: int
    backgrounds: int
    rounds: int
    torch_batch: int


def main() -> None:
    """Print the tables."""
    on_gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        anything = f"hub:{depth_anything_shaped(work / 'anything')}"
        for subject in (
            Subject("fastdepth", "FastDepth", 20_000 if on_gpu else 2_000, 4, 3, 4),
            Subject(anything, "Depth Anything V2 Small's shape", 2_000 if on_gpu else 12, 1, 1, 1),
        ):
            print(f"### {subject.title}\n")
            compare(work / subject.name.split(":")[0], pictures, subject)


def depth_anything_shaped(folder: Path) -> Path:
    """A network of 24.8 M parameters in a folder as the hub's are."""
    backbone = transformers.Dinov2Config(
        hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518,
        patch_size=14, out_indices=[3, 6, 9, 12], reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=384, patch_size=14, head_hidden_size=32,
        neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=64,
    )  # fmt: skip
    processor = transformers.DPTImageProcessor(
        size={"height": 518, "width": 518}, keep_aspect_ratio=True, ensure_multiple_of=14
    )
    torch.manual_seed(0)
    transformers.DepthAnythingForDepthEstimation(config).eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def compare(work: Path, pictures: Path, subject: Subject) -> None:
    """The tables of one teacher."""
    for path in sorted((pictures / "bgs").iterdir())[: subject.backgrounds]:
        (work / "bgs").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, work / "bgs")
    options = {"bg": work / "bgs", "fg": pictures / "fgs", "n": 50, "quiet": True}
    options["hold_out"] = 0
    for name, samples in (("data", subject.samples), ("small", subject.samples // 4)):
        given = {**options, "out": work / name, "limit": samples}
        overlay(OverlayConfig.model_validate(given))
    teacher = load_teacher(subject.name, FRAME, None, Declared())
    dataset = Dataset(work / "data")
    count = min(subject.samples, 256)
    width, height = teacher.input_size
    shown = np.stack([dataset[row].fg_bg for row in range(count)])
    if (width, height) != FRAME:
        shown = np.zeros((count, height, width, 3), np.uint8)
    with threads_kept():
        if not torch.cuda.is_available():
            engines(teacher, shown, subject)
            print()
        throughput(work, teacher, shown, subject)
    rows = [(f"{subject.samples // 4:,}", peak_of(work, "small", subject.name))]
    rows.append((f"{subject.samples:,}", peak_of(work, "data", subject.name)))
    print()
    print_table(("samples labelled with --batch 1000", "peak memory, MB"), rows)
    print()


def engines(teacher: Teacher, shown: Picture, subject: Subject) -> None:
    """Pictures a second of each engine's bare network, a picture a lane and a lane a core.

    And of torch as it is used without lanes: batches on all cores.
    """
    made: dict[str, Network] = {}
    for name, make in CPU_ENGINES.items():
        try:
            if find_spec(name):
                made[name] = make(teacher)
        except TeacherError as error:
            print(f"{name}: {error}\n")
    ways: dict[str, Callable[[], object]] = {
        f"{name}, a picture a lane": partial(alone, network, shown)
        for name, network in made.items()
    }
    bare = f"torch, batches of {subject.torch_batch} on all cores"
    ways[bare] = partial(torch_batches, teacher, shown, subject.torch_batch)
    for way in ways.values():
        way()
    times = interleaved(ways, subject.rounds)
    rows = []
    for name, seconds in times.items():
        network = made[name.split(",")[0]]
        off = max(difference(network, made["torch"], picture) for picture in shown[::64])
        rows.append(
            (name, f"{len(shown) / seconds:,.1f}", f"{times[bare] / seconds:.2f}", f"{off:.1e}")
        )
    print_table(("engine", "pictures/s", f"of {bare}", "off torch, of the range"), rows)


def difference(one: Network, other: Network, picture: Picture) -> float:
    """The largest between two engines' answers to a picture, as a share of their range."""
    answers = [network.answer(picture[None]) for network in (one, other)]
    span = max(float(np.ptp(answers[1])), 1e-6)
    return float(np.abs(answers[0] - answers[1]).max()) / span


def alone(network: Network, shown: Picture) -> None:
    """All pictures through a network, in its lanes and batches; black ones fill the last."""
    batch = network.batch
    filled = -(-len(shown) // batch) * batch
    whole = np.concatenate([shown, np.zeros((filled - len(shown), *shown.shape[1:]), np.uint8)])
    pieces = [whole[at : at + batch] for at in range(0, filled, batch)]
    lanes = network.lanes
    for _ in in_lanes(network.answer, pieces, lanes, 4 * lanes, network.begin_lane):
        pass


def torch_batches(teacher: Teacher, shown: Picture, size: int) -> None:
    """All pictures through torch in batches, on all cores at once."""
    assert isinstance(teacher.network, torch.nn.Module)
    network = teacher.network.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        for start in range(0, len(shown), size):
            batch = torch.from_numpy(shown[start : start + size]).permute(0, 3, 1, 2)
            network(batch.float().div_(255).contiguous(memory_format=torch.channels_last))


def throughput(work: Path, teacher: Teacher, shown: Picture, subject: Subject) -> None:
    """Samples a second of the bare network and of the whole stage, for every kind of labels.

    A stage of its own loads the teacher, which takes seconds; of the ratios that is left out, as in
    a dataset of more than some thousand samples it is nothing.
    """
    network = make_network(teacher, "auto", "auto")
    composites = [Dataset(work / "data")[row].fg_bg for row in range(4)]
    settle_batch(Predictor(teacher, network), composites, FRAME)
    repeated = np.resize(shown, (subject.samples, *shown.shape[1:]))

    def stage(kind: str, data: str) -> None:
        shutil.rmtree(work / "again", ignore_errors=True)
        shutil.copytree(work / data, work / "again")
        given = {"data": work / "again", "teacher": subject.name, "labels": kind, "quiet": True}
        run(RunConfig.model_validate(given))

    ways: dict[str, Callable[[], object]] = {
        "the network alone": partial(alone, network, repeated),
        "loading": partial(stage, "layered", "one"),
    }
    ways |= {f"depthgen run --labels {kind}": partial(stage, kind, "data") for kind in KINDS}
    one_sample(work)
    times = interleaved(ways, subject.rounds)
    loading, floor = times.pop("loading"), times["the network alone"]
    rows = []
    for name, seconds in times.items():
        spent = seconds if name == "the network alone" else seconds - loading
        rows.append((name, f"{subject.samples / spent:,.1f}", f"{floor / spent:.2f}"))
    title = f"what, {network.engine} in {network.precision}, batches of {network.batch}"
    print_table((title, "samples/s", "ratio to the network"), rows)
    print(f"\n(loading the teacher, {loading:.1f} s, is left out)")


def one_sample(work: Path) -> None:
    """A dataset of one sample, of which labelling takes the time of loading."""
    folder = work / "one"
    if not folder.exists():
        header = Dataset(work / "data").header
        options = {"bg": work / "data" / header.folders["bg"], "out": folder, "quiet": True}
        options |= {"fg": work / "data" / header.folders["fg"], "limit": 1, "hold_out": 0}
        overlay(OverlayConfig.model_validate(options))


def peak_of(work: Path, name: str, teacher: str) -> str:
    """Peak memory of a process that labels a copy of a dataset."""
    shutil.copytree(work / name, work / f"{name}-copy")
    words = [str(Path(__file__).parent), str(work / f"{name}-copy"), teacher]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *words], check=True, capture_output=True, text=True
    )
    return f"{float(done.stdout.split()[-1]):.0f}"


if __name__ == "__main__":
    main()
