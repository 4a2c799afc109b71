"""Faults that really happen to a run: kills, interrupts, full disks, rivals, vanishing sources."""

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, SourceError
from datagen.config import OverlayConfig, VerifyConfig
from datagen.drawing.draw_shard import draw_shard
from datagen.drawing.job import DrawingJob, publish_plan, settle_job
from datagen.overlay import overlay
from datagen.verify import verify
from tests.datagen.expected import digests
from tests.killed import wait_for_shards

KILLS = 30
FILES = "[0-9ms]*"  # shards, plan and ledger of digests
DATAGEN = str(Path(sys.executable).parent / "datagen")


def sources(pictures: Path) -> list[str]:
    return ["--bg", str(pictures / "bgs"), "--fg", str(pictures / "fgs")]


def test_bytes_are_the_same_after_thirty_kills(pictures: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments of a run with two workers, then one run to the end."""
    program = [DATAGEN, "overlay", *sources(pictures), "--quiet", "--size", "160", "--n", "150"]
    program += ["--shard-size", "100"]

    def start(out: str, workers: int) -> subprocess.Popen[bytes]:
        words = [*program, "--out", out, "--workers", str(workers)]
        return subprocess.Popen(words, start_new_session=True)

    moments, killed = random.Random(20_261_120), 0
    for kill in range(KILLS):
        with start("killed", 2) as process:
            until = time.monotonic() + moments.uniform(0.4, 2.2)
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            if process.poll() is None:
                killed += 1
                all_or_one = os.killpg if kill % 2 else os.kill
                all_or_one(process.pid, signal.SIGKILL)
        if process.returncode == 0 and (tmp_path / "killed").exists():
            for path in sorted((tmp_path / "killed").glob("[0-9]*.h5"))[::2]:
                path.unlink()
    assert killed > KILLS * 0.6
    for out, workers in (("killed", 2), ("whole", 1)):
        with start(out, workers) as last:
            assert last.wait() == 0
    assert len(list((tmp_path / "whole").glob("[0-9]*.h5"))) == 105
    assert digests(tmp_path / "killed", FILES) == digests(tmp_path / "whole", FILES)
    assert not list((tmp_path / "killed").glob(".tmp.*"))


def test_sigint_is_resumable(pictures: Path, tmp_path: Path) -> None:
    words = [*sources(pictures), "--n", "60", "--workers", "1", "--shard-size", "20"]
    program = [DATAGEN, "overlay", *words, "--out", "data"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as run:
        wait_for_shards(run, tmp_path / "data")
        run.send_signal(signal.SIGINT)
        assert run.stderr
        stderr = run.stderr.read()
        assert run.wait() == 130
    assert "run the same command again to go on" in stderr
    assert "Traceback" not in stderr
    assert not list((tmp_path / "data").glob(".tmp.*"))


def test_a_source_that_changes_while_drawing_is_never_drawn(pictures: Path, tmp_path: Path) -> None:
    mine = tmp_path / "pictures"
    shutil.copytree(pictures, mine)
    Image.open(mine / "bgs" / "china.jpg").resize((300, 200)).save(mine / "bgs" / "china.jpg")
    options = {"bg": mine / "bgs", "fg": mine / "fgs", "n": 1, "size": 64, "workers": 1}
    job = settle_job(OverlayConfig.model_validate({**options, "quiet": True}))
    shutil.copy(mine / "bgs" / "flower.jpg", mine / "bgs" / "china.jpg")
    task = job.task(0)
    with pytest.raises(SourceError, match=r"china\.jpg has changed since it was scanned"):
        draw_shard(task._replace(path=tmp_path / "00000.h5"))
    assert not list(tmp_path.glob("*.h5"))


@pytest.mark.parametrize("options", [["--format", "h5"], ["--format", "zip"], ["--codec", "raw"]])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_a_sentence_and_finishing_works(
    options: list[str], workers: int, pictures: Path
) -> None:
    """A real limit of the system on file sizes stands for the full disk."""
    words = ["--n", "2", "--size", "96", "--shard-size", "40", "--quiet", *options]
    program = [DATAGEN, "overlay", *sources(pictures), *words, "--workers", str(workers)]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    full = subprocess.run(program, preexec_fn=limited, capture_output=True, text=True, check=False)
    assert full.returncode == 1, full.stderr
    assert "can't be written" in full.stderr
    assert "Exception ignored" not in full.stderr and "Traceback" not in full.stderr
    assert not list(Path("data").glob(".tmp.*"))
    assert subprocess.run(program, check=False).returncode == 0
    assert len(Dataset("data")) == 140


def test_orphaned_workers_end(pictures: Path, tmp_path: Path) -> None:
    program = [DATAGEN, "overlay", *sources(pictures), "--n", "500", "--workers", "2"]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        wait_for_shards(process, tmp_path / "data", 4)  # both workers have begun
        process.kill()
        process.communicate(timeout=60)  # until the last process that holds the pipe has ended


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system isn't allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("shard_format", ["h5", "zip"])
def test_a_disk_that_fills_up_and_is_cleared(
    shard_format: str, small_disk: Path, pictures: Path
) -> None:
    words = ["--n", "8", "--size", "128", "--shard-size", "60", "--format", shard_format]
    program = [DATAGEN, "overlay", *sources(pictures), *words, "--out", str(small_disk / "data")]
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"0" * 1_000_000)
    full = subprocess.run(program, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "the disk is full; free some space and run the same command again" in full.stderr
    assert not list((small_disk / "data").glob(".tmp.*"))
    done = {path.name: path.stat().st_mtime_ns for path in small_disk.glob("data/[0-9]*")}
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert subprocess.run(program, capture_output=True, check=False).returncode == 0
    now = {path.name: path.stat().st_mtime_ns for path in small_disk.glob("data/[0-9]*")}
    assert len(now) == 10 and done.items() <= now.items()
    assert "are right" in verify(VerifyConfig(data=small_disk / "data", workers=1, quiet=True))


def test_two_runs_at_once(pictures: Path, tmp_path: Path) -> None:
    """One of them draws, the other is told; the dataset is whole.

    The first is held while it draws: on a fast machine it would end within the second's patience.
    """
    program = [DATAGEN, "overlay", *sources(pictures), "--n", "200", "--size", "128", "--workers"]
    with subprocess.Popen([*program, "1"], start_new_session=True) as first:
        wait_for_shards(first, tmp_path / "data")
        os.killpg(first.pid, signal.SIGSTOP)
        try:
            second = subprocess.run([*program, "2"], capture_output=True, text=True, timeout=120)
            shards = len(list(tmp_path.glob("data/[0-9]*.h5")))
        finally:
            os.killpg(first.pid, signal.SIGCONT)
        assert second.returncode == 1
        assert "Another run is writing to data" in second.stderr
        assert first.wait(timeout=120) == 0
    assert shards < len(list(tmp_path.glob("data/[0-9]*.h5")))
    assert "are right" in verify(VerifyConfig(data=tmp_path / "data", workers=1, quiet=True))


def test_failed_shards_are_written_down_and_tried_again(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A background vanishes after the plan is made; the others' shards are drawn all the same."""
    mine = tmp_path / "pictures"
    shutil.copytree(pictures, mine)
    options = {"bg": mine / "bgs", "fg": mine / "fgs", "n": 4, "size": 64, "shard_size": 56}
    config = OverlayConfig.model_validate({**options, "workers": 1, "quiet": True})
    flower = mine / "bgs" / "flower.jpg"
    Image.open(flower).resize((300, 200)).save(flower)  # no earlier test has it in memory

    def lose_flower(job: DrawingJob) -> list[int]:
        pending = publish_plan(job)
        with contextlib.suppress(FileNotFoundError):
            flower.rename(tmp_path / "flower.jpg")
        return pending

    monkeypatch.setattr("datagen.overlay.publish_plan", lose_flower)
    with pytest.raises(
        DatasetError, match=r"1 of 5 shards couldn't be drawn.*flower\.jpg was there"
    ):
        overlay(config)
    (line,) = Path("data/failures.jsonl").read_text().splitlines()
    assert json.loads(line)["shard"] == "00003.h5"
    assert len(list(Path("data").glob("[0-9]*.h5"))) == 4
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flower.jpg").rename(flower)
    assert "drew 56 of them" in overlay(config)
    assert not Path("data/failures.jsonl").exists()
    assert len(Dataset("data")) == 280


@pytest.mark.parametrize("wait", [0.0, 0.2, 0.5, 0.9, 1.3])
def test_ctrl_c_while_workers_start_is_a_line(wait: float, pictures: Path, tmp_path: Path) -> None:
    """To the whole group, as a terminal sends it."""
    words = [*sources(pictures), "--n", "400", "--workers", "2", "--shard-size", "100"]
    with subprocess.Popen(
        [DATAGEN, "overlay", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        while not (tmp_path / "data" / "manifest.parquet").exists():
            assert run.poll() is None
            time.sleep(0.01)
        time.sleep(wait)
        os.killpg(run.pid, signal.SIGINT)
        assert run.stderr
        stderr = run.stderr.read()
        assert run.wait() == 130
    said = [line for line in re.split(r"[\r\n]", stderr) if line and "Drawing" not in line]
    assert "Traceback" not in stderr
    assert [line for line in said if "Reading" not in line] == [
        "Interrupted; run the same command again to go on."
    ]
