"""Engines beside one another, and ``depthgen run`` beside the bare network.

Usage: python benchmarks/labelling.py [FOLDER with bgs/ and fgs/]
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.record import Picture
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.engine.batches import settle_batch
from depthgen.engine.choose import CPU_ENGINES, make_network
from depthgen.engine.lanes import in_lanes
from depthgen.engine.networks import Network
from depthgen.engine.predict import Predictor
from depthgen.run import run
from depthgen.teachers import load_teacher
from depthgen.teachers.card import Teacher
from depthgen.teachers.declared import Declared

SAMPLES = 2000
READY = 256
KINDS = ("composite", "anchored", "layered")
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from measure import peak_mb
from depthgen.config import RunConfig
from depthgen.run import run
run(RunConfig(data=sys.argv[2], batch=1000, quiet=True))
print(peak_mb())
"""


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        for name, samples in (("data", SAMPLES), ("small", SAMPLES // 4)):
            options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": work / name}
            overlay(OverlayConfig.model_validate({**options, "limit": samples, "quiet": True}))
        rows = [
            (f"{n:,}", peak_of(work, name))
            for name, n in (("small", SAMPLES // 4), ("data", SAMPLES))
        ]
        dataset = Dataset(work / "data")
        teacher = load_teacher("fastdepth", dataset.header.size, None, Declared())
        shown = np.stack([dataset[row].fg_bg for row in range(READY)])
        if not torch.cuda.is_available():
            engines(teacher, shown)
            print()
        throughput(work, teacher, shown)
        print()
        print_table(("samples labelled with --batch 1000", "peak memory, MB"), rows)


def engines(teacher: Teacher, shown: Picture) -> None:
    """Pictures a second of each engine's bare network, in as many lanes as there are cores.

    And of torch as it is used without lanes: batches of four on all cores.
    """
    made = {name: make(teacher) for name, make in CPU_ENGINES.items() if find_spec(name)}
    ways: dict[str, Callable[[], object]] = {
        f"{name}, one picture a lane": partial(network_alone, network, shown)
        for name, network in made.items()
    }
    ways["torch, four pictures on all cores"] = partial(torch_batches, teacher, shown)
    for way in ways.values():
        way()
    times = interleaved(ways)
    floor = times["torch, four pictures on all cores"]
    reference = made["torch"]
    rows = []
    for name, seconds in times.items():
        network = made[name.split(",")[0]]
        off = max(largest_difference(network, reference, picture) for picture in shown[::32])
        rows.append((name, f"{len(shown) / seconds:,.0f}", f"{floor / seconds:.2f}", f"{off:.3f}"))
    print_table(("engine", "pictures/s", "of torch on all cores", "off torch, mm"), rows)


def largest_difference(one: Network, other: Network, picture: Picture) -> float:
    """Millimetres between two engines' answers to a picture of the input size."""
    answers = [network.answer(picture[None]) for network in (one, other)]
    return float(np.abs(answers[0] - answers[1]).max()) * 1000


def network_alone(network: Network, shown: Picture) -> None:
    """All pictures through a network, in its lanes and batches."""
    pieces = [shown[start : start + network.batch] for start in range(0, READY, network.batch)]
    for _ in in_lanes(network.answer, pieces, network.lanes, 4 * network.lanes):
        pass


def torch_batches(teacher: Teacher, shown: Picture) -> None:
    """All pictures through torch in batches of four, on all cores at once."""
    assert isinstance(teacher.network, torch.nn.Module)
    network = teacher.network.to(memory_format=torch.channels_last)

    def work() -> None:
        with torch.inference_mode():
            for start in range(0, READY, 4):
                batch = torch.from_numpy(shown[start : start + 4]).permute(0, 3, 1, 2)
                network(batch.float().div_(255).contiguous(memory_format=torch.channels_last))

    with ThreadPoolExecutor(1) as fresh:  # a thread in which torch has all cores
        fresh.submit(work).result()


def throughput(work: Path, teacher: Teacher, shown: Picture) -> None:
    """Samples a second of the network alone and of the whole stage, for every kind of labels."""
    network = make_network(teacher, "auto", "auto")
    frame = Dataset(work / "data").header.size
    settle_batch(Predictor(teacher, network), list(shown[:4]), frame)
    repeated = np.concatenate([shown] * (SAMPLES // READY + 1))[:SAMPLES]

    def alone() -> None:
        pieces = [repeated[at : at + network.batch] for at in range(0, SAMPLES, network.batch)]
        whole = [piece for piece in pieces if len(piece) == network.batch]
        for _ in in_lanes(network.answer, whole, network.lanes, 4 * network.lanes):
            pass

    def stage(kind: str) -> None:
        shutil.rmtree(work / "again", ignore_errors=True)
        shutil.copytree(work / "data", work / "again")
        given = {"data": work / "again", "labels": kind, "batch": 1000, "quiet": True}
        run(RunConfig.model_validate(given))

    ways: dict[str, Callable[[], object]] = {"the network alone": alone}
    ways |= {f"depthgen run --labels {kind}": partial(stage, kind) for kind in KINDS}
    times = interleaved(ways, 3)
    floor = times["the network alone"]
    print_table(
        (f"what, {network.engine} in {network.precision}", "samples/s", "ratio to the network"),
        [(name, f"{SAMPLES / t:,.0f}", f"{floor / t:.2f}") for name, t in times.items()],
    )


def peak_of(work: Path, name: str) -> str:
    """Peak memory of a process that labels a copy of a dataset."""
    shutil.copytree(work / name, work / f"{name}-copy")
    words = [str(Path(__file__).parent), str(work / f"{name}-copy")]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *words], check=True, capture_output=True, text=True
    )
    return f"{float(done.stdout):.0f}"


if __name__ == "__main__":
    main()
