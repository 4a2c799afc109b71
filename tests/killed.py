"""Programs that are killed, and what is left of them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def outlived_by_none(program: str, *words: str) -> None:
    """Kill a program in Python once a line was printed; none of its processes goes on after it.

    Each of them holds what the line was read from, which ends with the last.
    """
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None and parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=60)
