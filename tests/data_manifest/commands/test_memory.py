"""What the C library and Python do with memory, looked at from within a process."""

import mmap
import platform
import subprocess
import sys
from pathlib import Path

import pytest

_LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_USED_TWICE = """
import resource
from pathlib import Path
from data_manifest.commands.memory import keep_freed_memory

def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        held = bytearray(b"1") * (100 * 2**20)
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{call}
new_pages()
print(new_pages())
held = bytearray(b"1") * (100 * 2**20)
print(Path("/proc/self/smaps_rollup").read_text())
"""
_MUCH_IS_MADE = """
import gc
from data_manifest.commands.memory import look_for_garbage_seldom

class Lost:
    def __init__(self):
        self.self = self
    def __del__(self):
        print("looked for")

{call}
made = [[] for _ in range(400_000)]
print(gc.get_stats()[2]["collections"])
Lost()
"""


def _new_pages_and_large(call: str) -> tuple[int, int]:
    """Page faults of four uses of 100 MiB that were freed before, and KiB in large pages."""
    script = [sys.executable, "-c", _USED_TWICE.format(call=call)]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    faults, memory = said.split("\n", 1)
    return int(faults), _in_large_pages(memory)


def _in_large_pages(memory: str) -> int:
    """KiB in large pages, of what the system says of a process's memory."""
    lines = memory.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_arrays_are_used_again() -> None:
    untaught, _ = _new_pages_and_large("")
    kept, _ = _new_pages_and_large("keep_freed_memory()")
    assert kept < 100 < 10_000 < untaught


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc"
    or not _LARGE_PAGES.exists()
    or "[never]" in _LARGE_PAGES.read_text(),
    reason="another C library, or a system without large pages",
)
def test_arrays_lie_in_large_pages() -> None:
    before = _large_pages_at_hand()
    kept, large = _new_pages_and_large("keep_freed_memory(in_large_pages=True)")
    assert kept < 100
    if min(before, _large_pages_at_hand()) < 90 * 2**10:
        pytest.skip("the system's memory is in pieces, and gives no large pages now")
    assert large > 50 * 2**10


def _large_pages_at_hand() -> int:
    """KiB in large pages of 100 MiB that are asked of the system, without the C library."""
    size, mine = 100 * 2**20, Path("/proc/self/smaps_rollup")
    before = _in_large_pages(mine.read_text())
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        held.madvise(mmap.MADV_HUGEPAGE)
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1
        return _in_large_pages(mine.read_text()) - before


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="it looks through objects bit by bit")
def test_objects_that_stay_are_not_looked_through_again_and_again() -> None:
    untaught, at_its_end = _times_looked_through("")
    taught, never = _times_looked_through("look_for_garbage_seldom()")
    assert taught == 0 < untaught
    assert (at_its_end, never) == (["looked for"], [])


def _times_looked_through(call: str) -> tuple[int, list[str]]:
    """How often all objects were while 400,000 were made, and what is said as Python ends."""
    script = [sys.executable, "-c", _MUCH_IS_MADE.format(call=call)]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    times, *rest = said.split("\n")
    return int(times), rest[:-1]
