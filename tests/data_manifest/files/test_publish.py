import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_manifest.errors import DatasetError, WriteError
from data_manifest.files.lock import locked
from data_manifest.files.publish import (
    publish_files,
    publish_text,
    publishing,
    remove_leftovers,
    write_error,
)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_publishes_whole(tmp_path: Path) -> None:
    publish_text(tmp_path / "a.txt", "grün")
    assert (tmp_path / "a.txt").read_text("utf-8") == "grün"
    assert names(tmp_path) == ["a.txt"]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), publishing(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_many_files_are_all_there_or_as_they_were(tmp_path: Path) -> None:
    publish_files(tmp_path, [("a", b"one"), ("b", b"two")])
    assert sorted(names(tmp_path)) == ["a", "b"]

    def broken() -> Iterator[tuple[str, bytes]]:
        yield "a", b"other"
        raise DatasetError("damaged")

    with pytest.raises(DatasetError, match="damaged"):
        publish_files(tmp_path, broken())
    assert sorted(names(tmp_path)) == ["a", "b"] and (tmp_path / "a").read_bytes() == b"one"


def test_a_failed_check_leaves_the_old_file(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise DatasetError(path.read_text())

    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(DatasetError, match="new"), publishing(path, check=refuse) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "old"


def test_hdf5_reports_a_full_disk_only_in_words(tmp_path: Path) -> None:
    error = OSError("Can't write data (file write failed: errno = 28, error message = 'No space')")
    assert isinstance(write_error(tmp_path, error), WriteError)
    assert write_error(tmp_path, OSError(errno.ENOENT, "no such file")) is None


def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    # A process of its own may write 100 kB to a file: what comes after is a real EFBIG.
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from data_manifest.files.publish import publish_text\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "publish_text(Path(sys.argv[1]), 'x' * 1_000_000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "big.txt"], capture_output=True, text=True
    )
    assert "WriteError" in done.stderr
    assert "can't be written" in done.stderr
    assert names(tmp_path) == []


def test_leftovers_of_a_killed_run_go(tmp_path: Path) -> None:
    (tmp_path / ".tmp.123.00000.h5").write_text("half")
    (tmp_path / "mine.tmp").write_text("kept")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["mine.tmp"]


def test_two_writers_exclude_each_other(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom data_manifest.files.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        with pytest.raises(DatasetError, match="Another run is writing"), locked(tmp_path):
            pass
        other.kill()
        other.wait()
        with locked(tmp_path):
            pass
