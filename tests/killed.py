"""Programs that are killed: at which moment, and what is left of them."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


def wait_for_shards(run: subprocess.Popen[Any], folder: Path, count: int = 1) -> None:
    """Wait until so many shards are in a folder that a run writes, which must not have ended."""
    until = time.monotonic() + 60
    while len(list(folder.glob("[0-9]*.h5"))) < count:
        assert run.poll() is None and time.monotonic() < until
        time.sleep(0.001)


def outlived_by_none(program: str, *words: str) -> None:
    """Kill a program in Python once a line was printed; none of its processes goes on after it.

    Each of them holds what the line was read from, which ends with the last.
    """
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None and parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=60)
