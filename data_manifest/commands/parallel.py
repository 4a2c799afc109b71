"""The same function on many tasks, in processes."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import joblib

Task = TypeVar("Task")
Result = TypeVar("Result")
_watched = False


def each(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[Result]:
    """``function`` of every task, in the order in which they are done.

    Tasks are made as they are needed. With one worker everything happens in this process. Raises
    what ``function`` raises; the other workers are then ended.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    # loky replaces a worker that has grown much, and warns; nothing is lost and nothing to be done.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    parallel = joblib.Parallel(workers, return_as="generator_unordered", batch_size=1)
    with _interrupts_left_to_parent():
        results = parallel(joblib.delayed(_in_worker)(function, task) for task in tasks)
    yield from results


@contextmanager
def _interrupts_left_to_parent() -> Iterator[None]:
    """Processes that are started here ignore Ctrl-C: their parent hears it and ends them.

    They would otherwise each print where they were, which while they start is deep in imports. The
    parent is deaf too for the milliseconds that starting them takes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _in_worker(function: Callable[[Task], Result], task: Task) -> Result:
    global _watched
    if not _watched:
        _watched = True
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return function(task)


def _end_with(parent: int) -> None:
    """End this process soon after its parent, which may have been killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
