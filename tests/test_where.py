"""``--where`` in the commands that take it, on a dataset with measures of quality."""

from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.quality import read_quality
from tests.conftest import Command


@pytest.fixture(scope="module")
def condition(labelled: Path) -> str:
    """One that about half of the samples fulfil."""
    stage = Dataset(labelled).header.stages.depth
    assert stage is not None
    middle = np.median(read_quality(labelled, stage)["shift"])
    return f"shift < {float(middle)}"


def test_pack_takes_what_fulfils_it(
    condition: str, labelled: Path, command: Command, tmp_path: Path
) -> None:
    chosen = Dataset(labelled).where(condition)
    assert 0 < len(chosen) < len(Dataset(labelled))
    packed = command("datagen", "pack", labelled, "--to", "zip", "--where", condition)
    assert packed.returncode == 0, packed.stderr
    samples = Dataset(tmp_path / "packed")
    assert {sample.record.key for sample in samples} == {s.record.key for s in chosen}
    assert len(samples.where(condition)) == len(samples)  # its measures came along
    web = ("datagen", "pack", labelled, "--to", "webdataset", "--out", "web", "--where")
    assert command(*web, condition).returncode == 0
    other = command(*web, "shift < 9")
    assert other.returncode == 1 and "where was" in other.stderr


def test_preview_shows_what_fulfils_it_and_the_report_what_to_doubt(
    condition: str, labelled: Path, command: Command, tmp_path: Path
) -> None:
    done = command("datagen", "preview", labelled, "--samples", 12, "--where", condition)
    assert done.returncode == 0 and "12 samples" in done.stdout
    report = command("datagen", "preview", labelled, "--out", "report.html", "--samples", 4)
    assert report.returncode == 0, report.stderr
    text = (tmp_path / "report.html").read_text()
    assert "Trust in depth" in text and "Largest shift" in text
    assert "Flip" not in text.split("Trust in depth")[-1].split("Colours")[0]


def test_fit_trains_on_what_fulfils_it(condition: str, labelled: Path) -> None:
    from train.config.fit import FitConfig
    from train.running.trainable import training_samples

    dataset = Dataset(labelled)
    options = FitConfig(shards=(str(labelled),), where=condition)
    chosen = training_samples(options, dataset)
    assert 0 < len(chosen) < len(dataset.select("train"))
    assert {record.split for record in chosen.records(np.arange(len(chosen)))} == {"train"}


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (("datagen", "pack", "--to", "zip", "--data"), "shift < -1", "No sample of"),
        (("datagen", "preview", "--data"), "shift <", "expected comparisons such as"),
        (("train", "fit", "--epochs", "1", "--shards"), "sift < 1", "there is no column 'sift'"),
    ],
)
def test_one_that_cant_be_fulfilled_is_a_sentence(
    words: tuple[str, ...], where: str, says: str, labelled: Path, command: Command
) -> None:
    done = command(*words, labelled, "--where", where)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
