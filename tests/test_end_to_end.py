"""The four commands exactly as the README writes them, and both formats through all of them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import datagen.cli
import depthgen.cli
import train.cli
from data_manifest.dataset import Dataset
from tests.conftest import ROOT

GROUPS = {"datagen": datagen.cli.main, "depthgen": depthgen.cli.main, "train": train.cli.main}


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a line as a person types it; the shell expands its stars."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, "PATH": path}, text=True,
        capture_output=True, timeout=600, check=False,
    )  # fmt: skip


SMALL_OVERLAY = " --size 64 --limit 120 --shard-size 40 --hold-out 0.3"
SMALL_FIT = " --size 32 --epochs 1 --limit 32"


def test_the_four_commands(pictures: Path, tmp_path: Path) -> None:
    """With options that only make it small, in both ways to write the star, in both formats."""
    for kind in ("h5", "zip"):
        folder = tmp_path / kind
        shutil.copytree(pictures, folder)
        lines = [
            f"datagen overlay --bg bgs/ --fg fgs/ --n 20{SMALL_OVERLAY} --format {kind}",
            "depthgen run --batch 1000",
            "datagen stats",
            f"train fit --shards data/*.{kind}{SMALL_FIT}",
            f"train fit --shards 'data/*.{kind}'{SMALL_FIT} --out runs/quoted",
            "train evaluate",
            "train predict --shards data --split val --limit 2",
            "datagen preview",
        ]
        for line in lines:
            done = shell(line, folder)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            assert done.stdout.strip(), line
            assert "Traceback" not in done.stderr and "Warning" not in done.stderr, done.stderr
        for made in ("preview.png", "predictions/panel.png", "runs/twin/curves.png"):
            assert (folder / made).stat().st_size > 1000
    h5, archive = (Dataset(tmp_path / kind / "data") for kind in ("h5", "zip"))
    assert len(h5) == len(archive) == 120
    for one, other in zip(h5, archive, strict=True):
        assert one.record == other.record
        assert one.depth is not None
        for name in ("bg", "fg_bg", "mask", "depth"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    stats = [(tmp_path / kind / "data" / "stats.json").read_text() for kind in ("h5", "zip")]
    assert stats[0] == stats[1]
    assert len(stats[0]) > 1000
    from train.running.checkpoint import Checkpoint

    h5_run, *others = (
        Checkpoint.read(tmp_path / kind / "runs" / run / "last.pt").history
        for kind in ("h5", "zip")
        for run in ("twin", "quoted")
    )
    assert all(history == h5_run for history in others)


def test_a_camera_frame_through_the_whole_chain(pictures: Path, tmp_path: Path) -> None:
    """640x480, neither square nor cut down on the way: every command's output has its shape."""
    shutil.copytree(pictures, tmp_path, dirs_exist_ok=True)
    for line in (
        "datagen overlay --bg bgs --fg fgs --size 640x480 --limit 10 --hold-out 0.3",
        "depthgen run",
        "datagen stats",
        "datagen preview --out report.html",
        "datagen verify",
        "train fit --shards data --epochs 1 --limit 2 --batch-size 2",
        "train evaluate",
        "train predict --shards data --split val --limit 2",
    ):
        done = shell(line, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    samples = Dataset(tmp_path / "data")
    assert samples.header.size == (640, 480)
    for sample in samples:
        assert sample.depth is not None
        assert sample.fg_bg.shape == (480, 640, 3)
        assert sample.mask.shape == sample.depth.shape == (480, 640)
    assert "640" in (tmp_path / "report.html").read_text()
    for kind in ("mask", "depth"):
        predicted = sorted((tmp_path / "predictions").rglob(f"*.{kind}.png"))
        assert len(predicted) == 2
        for path in predicted:
            with Image.open(path) as picture:
                assert picture.size == (640, 480)


def commands() -> list[tuple[str, str]]:
    return [(group, name) for group, main in GROUPS.items() for name in main.commands]


@pytest.mark.parametrize(("group", "name"), commands())
def test_every_command_has_help_with_an_example(group: str, name: str) -> None:
    command = GROUPS[group].commands[name]
    text = command.get_help(click.Context(command, info_name=name))
    assert "Example:" in text
    assert f"{group} {name}" in text.split("Example:")[1]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{group} {name} {parameter.name}"


def test_the_readme_shows_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = set(re.findall(r"^\s*(datagen|depthgen|train) ([a-z-]+)", readme, re.M))
    assert {
        ("datagen", "overlay"),
        ("depthgen", "run"),
        ("datagen", "stats"),
        ("train", "fit"),
    } <= shown
    assert shown <= set(commands())
    for flag_line in re.findall(r"^\s*((?:datagen|depthgen|train) .*)$", readme, re.M):
        group, name, *words = flag_line.split("#")[0].split()
        flags = {word.split("=")[0] for word in words if word.startswith("--")}
        known = {flag for p in GROUPS[group].commands[name].params for flag in p.opts}
        assert flags <= known, flag_line


def test_the_readme_names_the_two_make_targets_and_ci_runs_the_test_one() -> None:
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    assert "make demo" in readme and "make test" in readme and "make test" in ci


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]:
        if ".venv" in document.parts:
            continue
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document}: {target}"
