"""Runs a command while looking at the memory of all its processes."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

MIB = 2**10  # in the kibibytes of /proc


class Watched(NamedTuple):
    """How a command ended, and the sum of its processes' peaks in MiB."""

    code: int
    stderr: str
    peak: int


def watched(words: Sequence[object], *, seconds: float, most: int) -> Watched:
    """Run a command; kill it where it takes more than ``seconds`` or ``most`` MiB."""
    peaks: dict[int, int] = {}
    with (
        Path("stderr.txt").open("w+") as errors,
        subprocess.Popen(
            [str(word) for word in words], stderr=errors, start_new_session=True
        ) as process,
    ):
        until = time.monotonic() + seconds
        while process.poll() is None:
            for pid in _family(process.pid):
                peaks[pid] = max(peaks.get(pid, 0), peak(pid))
            if sum(peaks.values()) > most or time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.01)
        errors.seek(0)
        return Watched(process.returncode, errors.read(), sum(peaks.values()))


def peak(pid: int | str) -> int:
    """The most memory that a process ever held, in MiB; 0 where it is gone."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) // MIB if found else 0


def _family(pid: int) -> Iterator[int]:
    """A process and all below it, but for those that are still a copy of their parent's memory."""
    yield pid
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if _words(int(child)) != _words(pid):
                    yield from _family(int(child))
    except OSError:
        return


def _words(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
