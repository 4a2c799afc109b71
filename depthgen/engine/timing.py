"""Where the time of a run goes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by kind of work, added up over all threads."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, work: str) -> Iterator[None]:
        """Add the time of a block to ``work``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            with self._lock:
                self._seconds[work] = self._seconds.get(work, 0.0) + spent

    def shares(self) -> str:
        """Each kind of work with its share of the time of all, the largest first."""
        whole = sum(self._seconds.values()) or 1.0
        ordered = sorted(self._seconds.items(), key=lambda item: -item[1])
        return ", ".join(f"{work} {seconds / whole:.0%}" for work, seconds in ordered)
