"""Long work shows itself: a bar with rate and time left on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 15.0


class Advance(Protocol):
    """Says that so many more are done."""

    def __call__(self, count: int, /) -> object: ...


@contextmanager
def progress(what: str, total: int, unit: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Show the progress of ``total`` units on standard error; yields what to call with counts."""
    if quiet:
        yield lambda _count: None
    elif sys.stderr.isatty():
        with tqdm(total=total, desc=what, unit=f" {unit}", dynamic_ncols=True) as bar:
            yield bar.update
    else:
        yield _Lines(what, total, unit).advance


class _Lines:
    def __init__(self, what: str, total: int, unit: str) -> None:
        self._what, self._total, self._unit = what, total, unit
        self._done, self._start = 0, time.monotonic()
        self._said = self._start

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            rate = self._done / (now - self._start)
            left = (self._total - self._done) / rate if rate else float("inf")
            print(
                f"{self._what}: {self._done:,} of {self._total:,} {self._unit}, "
                f"{rate:,.1f} a second, {left:,.0f} s left",
                file=sys.stderr,
                flush=True,
            )
