"""A bar on a terminal, lines elsewhere, nothing when quiet."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

SCRIPT = """
import sys, time
from data_manifest.commands import progress as module
module.SECONDS_BETWEEN_LINES = 0.1
with module.progress("Counting", 50, "sheep", quiet=len(sys.argv) > 1) as advance:
    for _ in range(50):
        time.sleep(0.01)
        advance(1)
"""


def test_plain_lines_where_there_is_no_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 6 and not done.stdout
    assert all(line.startswith("Counting: ") and "of 50 sheep, " in line for line in lines)
    assert all("a second, " in line and line.endswith(" s left") for line in lines)
    counts = [int(line.split()[1]) for line in lines]
    assert counts == sorted(set(counts)) and counts[-1] <= 50


def test_a_bar_on_a_terminal() -> None:
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    subprocess.run([sys.executable, "-c", SCRIPT], stderr=its, check=True)
    os.close(its)
    shown = b""
    while True:
        try:
            part = os.read(mine, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(mine)
    assert b"Counting: " in shown and b"50/50" in shown and b"sheep/s" in shown


@pytest.mark.parametrize("on_terminal", [False, True])
def test_quiet_is_quiet(on_terminal: bool) -> None:
    mine, its = pty.openpty()
    where = its if on_terminal else subprocess.PIPE
    done = subprocess.run([sys.executable, "-c", SCRIPT, "quiet"], stderr=where, check=True)
    os.set_blocking(mine, False)
    with pytest.raises(BlockingIOError):
        os.read(mine, 1)
    assert not done.stderr
    os.close(mine)
    os.close(its)
