"""How many damaged depth labels each measure of quality finds, at one false alarm in a hundred.

A tenth of a dataset's labels are damaged on purpose, in four ways; ``depthgen evaluate`` measures
them all.

Usage: python benchmarks/damage.py [FOLDER with bgs/ and fgs/]
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from measure import print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.quality import COLUMNS, read_quality
from data_manifest.record import StoredDepth
from data_manifest.shards import add_depth, open_shard
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import EvaluateConfig, RunConfig
from depthgen.evaluate import evaluate
from depthgen.run import run

SAMPLES = 2000
DAMAGED = 0.1
FALSE_ALARMS = 0.01
Frames = list[StoredDepth]
DAMAGES: dict[str, Callable[[Frames, int], StoredDepth]] = {
    "another sample's": lambda frames, row: frames[(row + len(frames) // 2) % len(frames)],
    "moved by 24 px": lambda frames, row: np.roll(frames[row], 24, axis=1),
    "times 1.3": lambda frames, row: (frames[row] * 1.3).astype(np.uint16),
    "half of it zero": lambda frames, row: np.where(
        np.arange(frames[row].shape[1]) < frames[row].shape[1] // 2, 0, frames[row]
    ).astype(np.uint16),
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": work / "data"}
        overlay(OverlayConfig.model_validate({**options, "limit": SAMPLES, "quiet": True}))
        given = {"data": work / "data", "labels": "composite", "quiet": True}
        run(RunConfig.model_validate(given))
        damage = spoil(work / "data")
        evaluate(EvaluateConfig(data=work / "data", quiet=True))
        print_table(("measure", *DAMAGES), found(Dataset(work / "data"), damage))


def spoil(folder: Path) -> dict[int, str]:
    """Damage labels; gives which, by plan row, and how."""
    dataset = Dataset(folder)
    stage = dataset.header.stages.depth
    assert stage is not None
    draw = np.random.default_rng(0)
    rows = draw.permutation(len(dataset))[: round(DAMAGED * len(dataset))]
    ways = dict(zip(rows.tolist(), np.resize(list(DAMAGES), len(rows)).tolist(), strict=True))
    frames = list(stored(dataset))
    for number, name in enumerate(dataset.header.shard_names()):
        records = dataset.plan.shard_records(number)
        depths = [
            DAMAGES[ways[row]](frames, row) if row in ways else frames[row]
            for row in dataset.plan.shard_rows(number).tolist()
        ]
        add_depth(folder / name, stage, records, depths)
    return ways


def stored(dataset: Dataset) -> Iterator[StoredDepth]:
    """All labels as they are stored, in the order of the plan."""
    for number, name in enumerate(dataset.header.shard_names()):
        with closing(open_shard(dataset.folder / name)) as shard:
            for record in dataset.plan.shard_records(number):
                depth = shard.depth(record)
                assert depth is not None
                yield depth


def found(dataset: Dataset, damage: dict[int, str]) -> list[tuple[str, ...]]:
    """For each measure, the share of each kind of damage beyond all but one in a hundred others.

    Values may be too high or too low; the better of both is given, with its side.
    """
    stage = dataset.header.stages.depth
    assert stage is not None
    sound = np.array([row not in damage for row in range(len(dataset))])
    rows = []
    for name, values in read_quality(dataset.folder, stage).items():
        assert name in COLUMNS
        if np.isnan(values).all():
            continue
        shares = []
        for way in DAMAGES:
            spoilt = np.array([damage.get(row) == way for row in range(len(dataset))])
            high = values[spoilt] > np.nanpercentile(values[sound], 100 * (1 - FALSE_ALARMS))
            low = values[spoilt] < np.nanpercentile(values[sound], 100 * FALSE_ALARMS)
            shares.append(f"{max(high.mean(), low.mean()):.0%}")
        rows.append((name, *shares))
    return rows


if __name__ == "__main__":
    main()
