"""Hundreds of damaged and odd files: each is used, or named with a reason, and nothing breaks."""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from data_manifest.header import Header
from datagen.config import PrepareConfig
from datagen.prepare import prepare
from tests.datagen.sources.fuzzer import KINDS, fuzzed
from tests.datagen.watch import watched

FILES = 300
MOST_MIB = 1500
DATAGEN = Path(sys.executable).parent / "datagen"
OURS = ("Left out ", " near-duplicates of others")

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)


@pytest.fixture(scope="module")
def folder(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fuzzer's files, one half in bgs/ and the other in fgs/, with a few good ones."""
    mine = tmp_path_factory.mktemp("fuzz")
    bgs, fgs = (sorted((pictures / kind).iterdir())[:2] for kind in ("bgs", "fgs"))
    for kind, good in (("bgs", bgs), ("fgs", fgs)):
        (mine / kind).mkdir()
        for path in good:
            shutil.copy(path, mine / kind)
    for number, (name, content) in enumerate(fuzzed([*bgs, *fgs], 20_261_120, FILES)):
        (mine / ("bgs", "fgs")[number % 2] / name).write_bytes(content)
    return mine


def test_every_file_is_used_or_named(folder: Path) -> None:
    words = ["--bg", folder / "bgs", "--fg", folder / "fgs", "--n", 1, "--size", 48]
    made = watched(
        [DATAGEN, "overlay", *words, "--workers", 2, "--hold-out", 0], seconds=60, most=MOST_MIB
    )
    assert made.code == 0, (made.peak, made.stderr[-2000:])
    assert all(any(part in line for part in OURS) for line in made.stderr.splitlines())

    header = Header.read(Path("data", "dataset.json"))
    lines = Path("data", "rejects.jsonl").read_text().splitlines()
    rejects = [json.loads(line) for line in lines]
    used = {
        "bg": [source.file for source in header.backgrounds],
        "fg": [source.file for source in header.foregrounds],
    }
    for kind, files in used.items():
        named = [reject["file"] for reject in rejects if reject["kind"] == kind]
        present = [path.name for path in (folder / f"{kind}s").iterdir()]
        assert Counter(files + named) == Counter(present)
        assert len(files) > len(present) / 5 and len(named) > len(present) / 5
    for reject in rejects:
        reason = reject["reason"]
        assert reason.isprintable() and 10 < len(reason) < 260, reject
        assert f"{reject['file']}: {reason}.\n" in made.stderr

    checked = watched([DATAGEN, "verify", "data", "--quiet"], seconds=60, most=MOST_MIB)
    assert checked.code == 0, checked.stderr


def test_prepare_gets_through_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"size": 32, "workers": 1, "decontaminate": True}
    prepare(PrepareConfig(bg=folder / "bgs", fg=folder / "fgs", **options))  # type: ignore[arg-type]
    rejects = Path("prepared", "rejects.jsonl").read_text().count("\n")
    written = sum(len(list(Path("prepared", kind).iterdir())) for kind in ("bgs", "fgs"))
    assert written + rejects == FILES + 4
    assert capsys.readouterr().err.count("Left out ") == rejects


def test_the_fuzzer_makes_what_it_says(folder: Path) -> None:
    names = [path.name for path in folder.rglob("*.*") if path.name[:4].isdigit()]
    assert len(names) == FILES
    assert set(KINDS) == {Path(name).stem[5:] for name in names}
